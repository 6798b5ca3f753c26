"""Telemetry for shipped software that everyone can see through: the client."""

__version__ = "0.1.0"
