"""What one process is: all of Glasshouse, or one role of it. See docs/guides/cluster.md.

whole.py       collector, loader and console on one directory, as `serve` without --role
collector.py   doors over the journal's engine: keeps nothing that others do not have, too
loader.py      from the journal's engine into the store's, a few partitions at a time
console.py     pages, interface and keeping over both engines
"""
