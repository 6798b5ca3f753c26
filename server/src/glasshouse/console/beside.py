"""What the console shows and does of parts that it does not know: given to it by who wires them."""

from collections.abc import Callable
from dataclasses import dataclass

from glasshouse.office import Alert, Office


@dataclass(frozen=True, slots=True)
class Beside:
    """`try_alert` sends a trial and says what went wrong, or nothing; `webhook_secret` is that of
    an alert by its id.
    """

    office: Office
    try_alert: Callable[[Alert], str]
    webhook_secret: Callable[[str], str]
