"""A place in a generation of a partition, with what was fetched from there."""

from glasshouse.jetstream import Cursor, JetStream
from glasshouse.journal.engines.nats.generations import Generation
from glasshouse.model import Position


class Reader(Cursor):
    """A cursor that knows its positions."""

    def __init__(
        self, jetstream: JetStream, generation: Generation, stream: str, after: int
    ) -> None:
        super().__init__(jetstream, stream, after)
        self.generation = generation

    @property
    def place(self) -> Position:
        """Behind all that was fetched."""
        return Position(self.generation.number, self.after)

    def is_at(self, position: Position) -> bool:
        """Whether the next record that is taken is the one behind this position."""
        if self.generation.number != position.segment:
            return False
        return (self.waiting[0].sequence - 1 if self.waiting else self.after) == position.offset
