"""Wire formats that the client speaks: one module each, behind one small interface.

A wire turns items into a request (`encode`) and an answer into a judgement (`judge`). It opens no
socket and keeps no file.
"""

from glasshouse_sdk.wires import amplitude, dujour, native, percona, segment
from glasshouse_sdk.wires.port import Answer, Batch, Judgement, Request, Wire

WIRES: dict[str, Wire] = {
    "native": native.WIRE,
    "percona": percona.WIRE,
    "segment": segment.WIRE,
    "dujour": dujour.WIRE,
    "amplitude": amplitude.WIRE,
}

__all__ = ["WIRES", "Answer", "Batch", "Judgement", "Request", "Wire"]
