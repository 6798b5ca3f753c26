"""The key of the day's visits ends with the day, even if nobody comes any more."""

import asyncio

from glasshouse.cli.clock import now
from glasshouse_sdk.browser.visits import Visits, seconds_to_midnight


async def forget_each_midnight(visits: Visits) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(seconds_to_midnight(now()))
        visits.forget()
