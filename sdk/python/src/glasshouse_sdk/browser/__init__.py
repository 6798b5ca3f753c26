"""What a product's web pages need: the tracker's files, their configuration, and a relay.

Nothing here is imported by the client; the collector uses the files and the configuration.
"""

from glasshouse_sdk.browser.configuration import NotForBrowsersError, configuration
from glasshouse_sdk.browser.files import BANNER, TRACKER, VERSION, configured, released, tag

__all__ = [
    "BANNER",
    "TRACKER",
    "VERSION",
    "NotForBrowsersError",
    "configuration",
    "configured",
    "released",
    "tag",
]
