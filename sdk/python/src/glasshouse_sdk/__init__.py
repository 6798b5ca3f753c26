"""Telemetry for shipped software that everyone can see through: the client."""

from glasshouse_sdk.telemetry import Telemetry

__version__ = "0.1.0"
__all__ = ["Telemetry", "__version__"]
