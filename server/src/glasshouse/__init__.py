"""Telemetry for shipped software that everyone can see through: collector, store and console."""

__version__ = "0.1.0"
