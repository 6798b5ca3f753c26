"""The journal as a member of the crew sees it: the first process writes and syncs for it."""

import asyncio
from itertools import count

from glasshouse.cli.crew.channel import Channel, Kind
from glasshouse.journal import JournalBrokenError


class RemoteJournal:
    """See `Appendable`. What waits when the first process ends has failed."""

    def __init__(self) -> None:
        self.channel: Channel | None = None
        self._numbers = count()
        self._waiting: dict[int, asyncio.Future[None]] = {}

    def append(self, payload: bytes) -> asyncio.Future[None]:
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.channel is None or not self.channel.is_open:
            ticket.set_exception(_broken())
            return ticket
        number = next(self._numbers)
        self._waiting[number] = ticket
        self.channel.send(Kind.APPEND, number, payload)
        return ticket

    def note(self, payload: bytes) -> None:
        if self.channel is not None:
            self.channel.send(Kind.NOTE, 0, payload)

    def settle(self, number: int, *, synced: bool) -> None:
        """The first process has answered."""
        ticket = self._waiting.pop(number)
        if ticket.done():
            return  # the request was cancelled meanwhile
        if synced:
            ticket.set_result(None)
        else:
            ticket.set_exception(_broken())

    def break_off(self) -> None:
        for number in tuple(self._waiting):
            self.settle(number, synced=False)


def _broken() -> JournalBrokenError:
    return JournalBrokenError("the first process could not write")
