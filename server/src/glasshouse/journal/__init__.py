"""The collector's durable log: see `port.py` for what it promises."""
