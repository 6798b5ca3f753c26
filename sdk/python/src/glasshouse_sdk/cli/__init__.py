"""`glasshouse-sdk`: the owner's window on what a product's telemetry does on this machine."""

from glasshouse_sdk.cli.main import main

__all__ = ["main"]
