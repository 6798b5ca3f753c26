"""A whole cluster on loopback: NATS, ClickHouse, ZooKeeper, collectors, loaders, a console."""

import time
from dataclasses import dataclass
from pathlib import Path

from bench.server import MANIFEST

from cluster.clickhouse import ClickHouseCluster
from cluster.nats import NatsCluster
from cluster.roles import RoleProcess

PATIENCE = 300.0  # seconds
SETTLED_SECONDS = 40.0
HEARD_SECONDS = 2.0  # every process follows the shared state twice a second
MOST_PAYLOAD = 16 * 1024 * 1024
PRODUCT = "bench"


@dataclass(frozen=True, slots=True)
class Registered:
    """The product that the load is of."""

    digest: str
    key: str


class WholeCluster:
    """All parts, by their names. Nothing runs before `start`."""

    def __init__(
        self, directory: Path, collectors: int = 2, loaders: int = 2, consoles: int = 1
    ) -> None:
        self.directory = directory
        self.nats = NatsCluster(directory / "nats", max_payload=MOST_PAYLOAD)
        self.clickhouse = ClickHouseCluster(directory / "clickhouse")
        self.collectors = self._roles("collector", collectors)
        self.loaders = self._roles("loader", loaders)
        self.consoles = self._roles("console", consoles)

    @property
    def roles(self) -> list[RoleProcess]:
        return [*self.consoles, *self.collectors, *self.loaders]

    @property
    def console(self) -> RoleProcess:
        return self.consoles[0]

    def start(self) -> None:
        """Start what does not run, and wait until all of it is ready."""
        self.nats.start()
        self.clickhouse.start()
        for role in self.roles:
            role.start()
            # One after the other: the first of them makes what the others find.
            role.wait_until_ready()

    def register(self) -> Registered:
        """The benchmarks' product; done when every collector has had the time to hear of it."""
        product = self.console.call("/api/v1/products", MANIFEST.read_bytes())
        time.sleep(HEARD_SECONDS)
        key = next(k["key"] for k in product["write_keys"] if k["origin"] == "production")
        return Registered(product["digest"], key)

    def account(self) -> dict[str, int]:
        """The product's accounting, over all doors."""
        doors = self.console.get("/health/accounting")["products"].get(PRODUCT, {})
        sums: dict[str, int] = {}
        for door in doors.values():
            for name, count in door.items():
                value = sum(count.values()) if isinstance(count, dict) else count
                sums[name] = sums.get(name, 0) + value
        return sums

    def journal_streams(self) -> list[str]:
        """The names of the streams that records lie in."""
        for node in self.nats.nodes.values():
            accounts = node.state("/jsz?streams=true").get("account_details") or ()
            names = [
                stream["name"]
                for account in accounts
                for stream in account.get("stream_detail") or ()
                if "_journal_" in stream["name"]
            ]
            if names:
                return sorted(names)
        raise OSError("no NATS server tells of its streams")

    def wait_until_loaded(self, items: int, seconds: float = PATIENCE) -> dict[str, int]:
        """The accounting when nothing waits any more and so many are accounted for: a replica that
        is asked may be a moment behind another. Or when nothing has changed for SETTLED_SECONDS.
        """
        give_up, account, changed_at = time.monotonic() + seconds, self.account(), time.monotonic()
        while not account or account["waiting"] or account["received"] < items:
            time.sleep(0.5)
            now, before = time.monotonic(), account
            account = self.account()
            if account != before:
                changed_at = now
            elif account and not account["waiting"] and now > changed_at + SETTLED_SECONDS:
                break  # what is missing does not come any more: whoever asked sees it
            if now > give_up:
                raise TimeoutError(f"{account} after {seconds:g} s")
        return account

    def stop(self) -> None:
        """In order: nothing is left that waits in a process."""
        for role in (*self.collectors, *self.loaders, *self.consoles):
            role.stop()
        self.clickhouse.stop()
        self.nats.stop()

    def kill(self) -> None:
        for role in self.roles:
            role.kill()
        self.clickhouse.kill()
        self.nats.kill()

    def _roles(self, role: str, count: int) -> list[RoleProcess]:
        return [
            RoleProcess(
                self.directory / f"{role}-{number}",
                role,
                self.nats.address,
                self.clickhouse.address(),
            )
            for number in range(1, count + 1)
        ]
