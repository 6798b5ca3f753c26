"""A journal in NATS JetStream, for several collectors and loaders: see `journal.py`."""
