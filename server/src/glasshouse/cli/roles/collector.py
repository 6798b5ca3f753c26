"""Not wired yet."""

from glasshouse.settings import Settings


def run(settings: Settings) -> None: ...
