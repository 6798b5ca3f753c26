"""The small state that every process of a cluster has a copy of: what is registered, who may what.

Files of a data directory and the statements of its SQLite file are entries of one stream of NATS
JetStream. Whoever changes something has seen all entries before, or the change is not taken.
See docs/decisions/0115.
"""

from glasshouse.replication.entries import Change, File, Statement
from glasshouse.replication.files import SharedFiles
from glasshouse.replication.replica import ConflictError, Replica, ReplicaUnavailableError

__all__ = [
    "Change",
    "ConflictError",
    "File",
    "Replica",
    "ReplicaUnavailableError",
    "SharedFiles",
    "Statement",
]
