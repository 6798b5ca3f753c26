"""NATS JetStream as the parts of this server use it: its address, a connection for all threads."""

from glasshouse.jetstream.address import Address, AddressError
from glasshouse.jetstream.connection import JetStream, JetStreamUnavailableError
from glasshouse.jetstream.cursor import Cursor

__all__ = ["Address", "AddressError", "Cursor", "JetStream", "JetStreamUnavailableError"]
