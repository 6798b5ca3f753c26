"""`glasshouse-agent`: sends what programs in any language leave in a directory."""

from glasshouse_sdk.agent.main import main

__all__ = ["main"]
