"""Engines of the journal. Private to their port."""
