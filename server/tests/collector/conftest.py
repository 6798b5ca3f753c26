"""A real collector on a loopback port: real HTTP, real journal, a catalogue with two products."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import uvicorn

from glasshouse.catalogue import Catalogue
from glasshouse.cli.manifest import composed_source
from glasshouse.collector.app import Collector
from glasshouse.collector.connections import DoorConnection
from glasshouse.collector.desk import Desk
from glasshouse.collector.pace import Pace
from glasshouse.collector.places import Places
from glasshouse.collector.proofs import Proofs
from glasshouse.journal import open_journal
from glasshouse.model import Origin, Position, Record, decode_record

SHOP = (Path(__file__).parent / "shop.toml").read_text()
PSMDB = Path(__file__).parents[3] / "products/percona-server-mongodb/manifest.toml"
MANIFESTS = sorted((Path(__file__).parent / "manifests").glob("*.toml"))


class Running:
    """The collector under test, and what it left in its journal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.now: datetime | None = None
        self.catalogue = Catalogue(directory / "catalogue")
        self.shop = self.catalogue.add(SHOP.encode())
        self.psmdb = self.catalogue.add(composed_source(PSMDB))
        self.journal = open_journal(
            directory / "journal", floor=Position(0, 0), report=lambda _: None
        )
        self.proofs = Proofs(directory / "proofs", b"k" * 32)
        self.seconds = 0.0
        desk = Desk(
            self.catalogue,
            Places(),
            self.clock,
            b"k" * 32,
            ("127.0.0.1",),
            proofs=self.proofs,
            pace=Pace(lambda: self.seconds),
        )
        self.app = Collector(desk, self.journal, in_flight_bytes=64_000_000)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = self._socket.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        config = uvicorn.Config(
            self.app,
            http=DoorConnection.of(self.app),
            log_level="warning",
            lifespan="off",
            access_log=False,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._server.serve(sockets=[self._socket])), daemon=True
        )
        self._thread.start()
        while not self._server.started:
            self._thread.join(0.01)

    def clock(self) -> datetime:
        return self.now or datetime.now(UTC)

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()
        self.journal.close()
        self.proofs.close()
        self._socket.close()

    def key(self, origin: Origin = Origin.PRODUCTION) -> str:
        return self.shop.key_for(origin)

    def send(self, path: str, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.post(self.url + path, content=content, headers=named, timeout=30)

    def native(self, items: list[Any], **headers: str) -> httpx.Response:
        body = {"manifest": self.shop.manifest.digest, "items": items}
        return self.send(
            "/v1/telemetry", body, **{"authorization": f"Bearer {self.key()}", **headers}
        )

    def records(self) -> list[Record]:
        return [decode_record(p) for p, _ in self.journal.read(Position(0, 0), 1 << 40)]

    def lines(self) -> list[dict[str, Any]]:
        """Every accepted item, in order."""
        return [
            msgspec.json.decode(line)
            for record in self.records()
            for lines in record.lines
            for line in lines.splitlines()
        ]

    def refusals(self) -> list[tuple[str, str, int, str | None, str | None]]:
        return [
            (refusal.outcome, refusal.reason, refusal.items, refusal.item, refusal.field)
            for record in self.records()
            for refusal in record.head.refusals
        ]

    def bytes_on_disk(self) -> bytes:
        return b"".join(p.read_bytes() for p in self.directory.rglob("*") if p.is_file())


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Running]:
    """With the products that the captured requests are of."""
    collector = Running(tmp_path)
    shop = SHOP + 'key = "WK"\n' + 'also = ["CK"]\n'
    collector.shop = collector.catalogue.add(shop.encode())
    for manifest in MANIFESTS:
        collector.catalogue.add(manifest.read_bytes())
    yield collector
    collector.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    collector = Running(tmp_path)
    yield collector
    collector.close()
