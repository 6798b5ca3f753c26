"""NATS JetStream as the parts of this server use it: its address, a connection for all threads."""

from glasshouse.jetstream.address import Address, AddressError
from glasshouse.jetstream.connection import JetStream, JetStreamUnavailableError

__all__ = ["Address", "AddressError", "JetStream", "JetStreamUnavailableError"]
