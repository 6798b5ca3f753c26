"""Counts what Continuous Delivery for PE puts on the wire: run inside a network namespace.

Beside a real collector in the same namespace, each opt-out of DISCLOSURE.md, done as it says there,
and then a full use of the service. Prints JSON lines; those that name a control are on.

Started by `silence.namespace.reports`; DIRECTORY/env is what the Puppet module wrote.
"""

import sys
import time
from pathlib import Path

from cd4pe_container import Container, documented, set_up, view_as_a_tracker, work
from silence.wire import Wire, report

REPOSITORY = Path(__file__).parents[3]
sys.path.insert(0, str(REPOSITORY))

from bench.server import running  # noqa: E402 (found by the path above)

from glasshouse.cli.server_file import running_server  # noqa: E402 (after it)

WOULD_BE_HEARD = 1.5  # seconds in which a report or a page's item would be on its way
SECRETS = {
    "MY_DB_USERNAME": "canary-user", "MY_DB_PASS": "canary-pass", "DUMP_URI": "dump://dump:7000",
    "KEY_FOR_DB_SECRETS_ENCRYPTION": "canary-key", "AWS_ACCESS_KEY": "canary-access",
    "AWS_SECRET_KEY": "canary-secret", "AWS_REGION": "us-west-2",
    "MY_DATABASE_ENDPOINT": "mysql://canary-database:3306/cd4pe",
    "OPTIONAL_PREFIX_TO_DB_TABLES": "canary_",
}  # fmt: skip
MYSQL = documented("MySQL", **SECRETS).environment
DYNAMODB = documented("Amazon DynamoDB", **SECRETS).environment
ON = {name: text for name, text in DYNAMODB.items() if name != "ANALYTICS"}


def use(container, environment):
    """An installation's first run: everything that may be done in it."""
    container.start(environment)
    with container.visitor() as visitor:
        set_up(visitor)
        work(visitor)
        view_as_a_tracker(visitor)
    time.sleep(WOULD_BE_HEARD)
    container.stop()


def main(directory):
    wire = Wire()
    (directory / "data").mkdir()
    with running(directory / "data") as server:
        connection = running_server(server.data)
        keys = {}
        for place in ("", "console"):
            manifest = REPOSITORY / "products" / "cd4pe" / place / "manifest.toml"
            added = connection.add_product(manifest.read_bytes())
            keys[place] = next(k["key"] for k in added["write_keys"] if k["origin"] == "production")
        url = connection.url

        def installation(name):
            return Container(directory / name.replace(" ", "-"), url, keys[""])

        control = installation("control")
        wire.count()
        use(control, ON)
        report(control="first start", packets=wire.count())
        control.start(ON)
        time.sleep(WOULD_BE_HEARD)
        report(case="a plain restart", packets=wire.count())
        control.stop()
        control.start(ON, release="2.11.3")
        control.wait_for_reports(2)
        control.stop()
        report(control="after an upgrade", packets=wire.count())

        cases = {"docker, MySQL": MYSQL, "docker, DynamoDB": DYNAMODB,
                 "not to be understood": {**ON, "ANALYTICS": "perhaps"},
                 "DO_NOT_TRACK": {**ON, "DO_NOT_TRACK": "1"}}  # fmt: skip
        lines = (directory / "env").read_text().splitlines()
        cases["the class parameter"] = dict(line.split("=", 1) for line in lines)
        for name, environment in cases.items():
            container = installation(name)
            use(container, environment)
            packets, files = wire.count(), container.analytics
            said = container.said
            if name == "docker, MySQL":
                container.start(ON)  # a later run that does not repeat the variable
                time.sleep(WOULD_BE_HEARD)
                container.stop()
                report(case="a later run", packets=wire.count(), files=container.analytics)
            container.remove()
            report(case=name, packets=packets, files=files, said=said)

        control.start({**ON, "ANALYTICS": "false"}, release="2.11.4")
        time.sleep(WOULD_BE_HEARD)
        control.stop()
        control.remove()
        report(case="opted out later", packets=wire.count(), files=control.analytics)
        report(rows=received(connection))


def received(connection):
    """How many items have come of each of the two products, once all are stored."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        books = connection.call("GET", "/health/accounting")["products"]
        doors = {slug: list(books.get(slug, {}).values()) for slug in ("cd4pe", "cd4pe-console")}
        if not any(door["waiting"] for each in doors.values() for door in each):
            return {slug: sum(d["received"] for d in each) for slug, each in doors.items()}
        time.sleep(0.2)
    raise AssertionError("the collector has not stored everything")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
