"""The vendor's side of the tests: a running collector that knows both products."""

import json
import time
from pathlib import Path

HOME = Path(__file__).parents[1]
SERVER, CONSOLE = "puppet-enterprise", "puppet-enterprise-console"
MANIFESTS = {SERVER: HOME / "manifest.toml", CONSOLE: HOME / "console" / "manifest.toml"}
PATIENCE = 40.0


class Vendor:
    def __init__(self, server):
        self.server, self.url = server, server.url
        self.key = ""
        for slug, manifest in MANIFESTS.items():
            added = server.call("POST", "/api/v1/products", content=manifest.read_bytes())
            keys = {key["origin"]: key["key"] for key in added["write_keys"]}
            self.key = keys["production"] if slug == SERVER else self.key

    def books(self, product, door):
        """What became of what came: received, stored, suppressed …"""
        books = self.server.call("GET", "/health/accounting")["products"]
        return books.get(product, {}).get(door, {"received": 0, "stored": 0, "suppressed": {}})

    def received(self):
        """By both products."""
        return sum(self.books(*each)["received"]
                   for each in ((SERVER, "dujour"), (CONSOLE, "browser")))  # fmt: skip

    def sql(self, text):
        return self.server.call("POST", "/api/v1/sql", json={"sql": text})["rows"]

    def check_ins(self, least, uuid):
        """The rows of a license, oldest first."""
        sql = f"""select instance, site, license, version, "at",
            to_json(fields)::varchar as fields from "{SERVER}".snapshot_check_in
            where license = '{uuid}' order by "at" """
        return self._rows(sql, least)

    def pages(self, least):
        sql = f"""select event, instance, version, fields from events
            where product = '{CONSOLE}' and origin = 'production' order by "at" """
        return self._rows(sql, least)

    def _rows(self, sql, least):
        end = time.monotonic() + PATIENCE
        while True:
            rows = self.sql(sql)
            if len(rows) >= least:
                return [{**row, "fields": json.loads(row["fields"])} for row in rows]
            assert time.monotonic() < end, f"{len(rows)} of {least} rows after {PATIENCE:g} s"
            time.sleep(0.2)

    def settle(self):
        """Returns when nothing waits in the journal any more."""
        end = time.monotonic() + PATIENCE
        while any(door["waiting"] for product in
                  self.server.call("GET", "/health/accounting")["products"].values()
                  for door in product.values()):  # fmt: skip
            assert time.monotonic() < end
            time.sleep(0.1)

    def ask(self, question, product=SERVER, **words):
        text = "&".join(f"{name}={value}" for name, value in words.items())
        return self.server.call("GET", f"/api/v1/ask/{question}?product={product}&{text}")["rows"]
