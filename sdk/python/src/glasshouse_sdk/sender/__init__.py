"""The sender: a process of its own that takes claims from the spool to the collector."""
