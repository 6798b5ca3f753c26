"""What a master asks PuppetDB's query interface: numbers of nodes, never one by its name.

Nodes that were deactivated do not count, for PuppetDB answers about the others alone.
"""

import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

SECONDS = 20.0
COUNT = ["function", "count"]
_OS = ["=", "path", ["os", "name"]]
# The version of the agent's package; agents that came another way tell that of Puppet alone.
_AGENT = ["=", "path", ["aio_agent_version"]]
_WITH_PACKAGE = ["in", "certname", ["extract", "certname", ["select_fact_contents", _AGENT]]]
_VERSION = ["or", _AGENT, ["and", ["=", "path", ["puppetversion"]], ["not", _WITH_PACKAGE]]]

NODES = ["from", "nodes", ["extract", [COUNT]]]
AGENT_OS = ["from", "fact_contents", ["extract", ["value", COUNT], _OS, ["group_by", "value"]]]
AGENT_VERSIONS = [
    "from", "fact_contents", ["extract", ["value", COUNT], _VERSION, ["group_by", "value"]],
]  # fmt: skip


class PuppetDbError(Exception):
    """PuppetDB did not answer, or answered something else."""


class PuppetDb:
    """The query interface at an address such as http://127.0.0.1:8080, or https://…:8081 with the
    certificates in `ssl_directory`, as a master has them.
    """

    def __init__(self, address: str, ssl_directory: Path | None = None, certname: str = "") -> None:
        handlers: list[Any] = [urllib.request.ProxyHandler({})]
        if address.startswith("https:") and ssl_directory is not None:
            handlers.append(urllib.request.HTTPSHandler(context=_trust(ssl_directory, certname)))
        self._address = address.rstrip("/")
        self._opener = urllib.request.build_opener(*handlers)

    def nodes(self) -> int:
        """How many nodes there are. Raises PuppetDbError, as all of these."""
        rows = self.ask(NODES)
        return sum(_number(row) for row in rows)

    def agent_os(self) -> dict[str, int]:
        """The numbers of nodes by their operating system."""
        return self._counted(AGENT_OS)

    def agent_versions(self) -> dict[str, int]:
        return self._counted(AGENT_VERSIONS)

    def certnames(self) -> list[str]:
        """For the console's own pages; a master does not ask for it."""
        rows = self.ask(["from", "nodes", ["extract", ["certname"]]])
        return sorted(str(row.get("certname")) for row in rows)

    def ask(self, query: list[Any]) -> list[dict[str, Any]]:
        text = urllib.parse.urlencode({"query": json.dumps(query)})
        try:
            address = f"{self._address}/pdb/query/v4?{text}"
            with self._opener.open(address, timeout=SECONDS) as answer:
                rows = json.load(answer)
        except (OSError, ValueError) as error:
            raise PuppetDbError(f"PuppetDB at {self._address}: {error}") from None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise PuppetDbError(f"PuppetDB at {self._address}: found no list of rows")
        return rows

    def _counted(self, query: list[Any]) -> dict[str, int]:
        return {str(row.get("value")): _number(row) for row in self.ask(query)}


def _number(row: dict[str, Any]) -> int:
    number = row.get("count")
    if isinstance(number, bool) or not isinstance(number, int):
        raise PuppetDbError("PuppetDB: found a row without its count")
    return number


def _trust(directory: Path, certname: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(directory / "certs" / "ca.pem"))
    own, key = directory / f"certs/{certname}.pem", directory / f"private_keys/{certname}.pem"
    context.load_cert_chain(own, key)
    return context
