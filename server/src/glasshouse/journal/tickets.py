"""What those who append wait for: futures of their own event loops, settled from another thread."""

import asyncio
import contextlib

from glasshouse.journal.port import JournalBrokenError

Ticket = asyncio.Future[None]


def settle(tickets: list[Ticket], failure: JournalBrokenError | None) -> None:
    """Settle futures in their loops: one wake-up for all of a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Ticket]] = {}
    for ticket in tickets:
        by_loop.setdefault(ticket.get_loop(), []).append(ticket)
    for loop, group in by_loop.items():
        # A closed loop has no one left who waits for an answer.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, group, failure)


def _settle(tickets: list[Ticket], failure: JournalBrokenError | None) -> None:
    for ticket in tickets:
        if ticket.done():
            continue  # the request was cancelled meanwhile
        if failure is None:
            ticket.set_result(None)
        else:
            ticket.set_exception(failure)
