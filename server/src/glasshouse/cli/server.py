"""A server that runs, as commands reach it: over HTTP, by its address and a token."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from glasshouse.cli.answers import object_of, refusal_of, whole_export, why_headers
from glasshouse.cli.errors import CommandError
from glasshouse.cli.keeping import PREFIX


@dataclass(frozen=True, slots=True)
class Server:
    """A server by its address and the token that opens it; `why` is put on record."""

    url: str
    token: str
    why: str = ""

    def ask(self, question: str, words: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        pairs = [(name, value) for name, values in words.items() for value in values]
        return self.call("GET", f"/api/v1/ask/{quote(question, safe='')}", params=pairs)

    def sql(self, text: str) -> dict[str, Any]:
        return self.call("POST", "/api/v1/sql", json={"sql": text})

    def products(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/api/v1/products")["products"])

    def add_product(self, source: bytes) -> dict[str, Any]:
        return self.call("POST", "/api/v1/products", content=source)

    def change_product(self, slug: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        return self.call("PATCH", f"/api/v1/products/{quote(slug, safe='')}", json=changes)

    def erase_simulated(self, product: str) -> int:
        return int(self.call("DELETE", f"/api/v1/products/{product}/simulated")["erased"])

    def keep(self, action: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        return self.call("POST", f"{PREFIX}{action}", json=dict(asked), timeout=3600)

    def export(self, asked: Mapping[str, Any]) -> Iterator[str]:
        try:
            with httpx.stream(
                "POST",
                f"{self.url}{PREFIX}export",
                json=dict(asked),
                headers=self._headers(),
                timeout=3600,
                trust_env=False,
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal_of(answer, self.url)
                yield from whole_export(f"{line}\n" for line in answer.iter_lines())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(f"the export broke off ({error}); try again") from None

    def people(self) -> list[dict[str, Any]]:
        return list(self.call("GET", "/api/v1/people")["people"])

    def invite(self, role: str, *, raw: bool, name: str | None = None) -> dict[str, Any]:
        asked = {"role": role, "raw": raw, "name": name}
        made = self.call("POST", "/api/v1/people/invitations", json=asked)
        return {**made, "link": f"{self.url}{made['link']}"}

    def change_person(self, name: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        return self.call("PATCH", f"/api/v1/people/{quote(name, safe='')}", json=dict(changes))

    def remove_person(self, name: str) -> None:
        self.call("DELETE", f"/api/v1/people/{quote(name, safe='')}")

    def log(self, name: str, limit: int) -> list[dict[str, Any]]:
        return list(self.call("GET", f"/api/v1/records/{name}", params={"limit": limit})["rows"])

    def is_open(self) -> bool:
        """Whether a browser at this machine comes in without being asked who it is."""
        answer = httpx.get(f"{self.url}/", timeout=10, trust_env=False)
        return answer.status_code == 200

    def answers(self) -> bool:
        """Whether anything takes connections at the address."""
        try:
            httpx.get(f"{self.url}/health/ready", timeout=10, trust_env=False)
        except httpx.ConnectError:
            return False
        except httpx.HTTPError:
            return True  # there is a server, if a slow or an odd one
        return True

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}", **why_headers(self.why)}

    def call(self, method: str, path: str, **rest: Any) -> dict[str, Any]:
        """The JSON object that the server answers. Raises `CommandError` for any other answer."""
        try:
            answer = httpx.request(
                method,
                f"{self.url}{path}",
                headers=self._headers(),
                timeout=rest.pop("timeout", 60),
                trust_env=False,
                **rest,
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise CommandError(
                f"found no answer at {self.url} ({error}); expected a running server: "
                "check the address, or start one with 'glasshouse serve'"
            ) from None
        return object_of(answer, self.url)
