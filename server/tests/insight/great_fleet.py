"""The fleet of the golden answers: about 100,000 items of 1,000 instances in 60 organizations.

It upgrades late and sometimes back, sets itself up in steps and gives up in between, uses what its
organization uses, falls silent and comes back. Deterministic; no two items of an instance are of
one time.
"""

import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from fleet import COUNTRIES, MANIFEST, NOW, SYSTEMS, TODAY, Fleet, Item

DAYS, INSTANCES, ORGANIZATIONS = 150, 1000, 60
START = TODAY - timedelta(days=DAYS - 1)
COMMANDS = ("run", "build", "deploy", "scan", "share")
ROUTES = ("/", "/nodes", "/nodes/:id", "/reports", "/settings")
SET_UP = ("installed", "configured", "connected", "first_job")
RELEASES = (
    ("1.9.0", date(2026, 1, 1)),
    ("1.10.0-rc1", date(2026, 7, 20)),
    ("1.10.0", date(2026, 8, 1)),
    ("2.0.0", date(2026, 9, 1)),
    ("2.0.1", date(2026, 9, 20)),
    ("2.1.0", date(2026, 10, 15)),
    ("2.1.1", date(2026, 11, 10)),
)

GREAT_MANIFEST = (
    MANIFEST.replace(
        "[[switch]]",
        """[identity.organization]
made = "assigned"
of = "the vendor"
lives = "with the contract"

[[switch]]""",
        1,
    )
    .replace('purpose = "use"\n', 'purpose = "use"\nidentities = ["instance", "organization"]\n')
    .replace('values = ["run", "build", "deploy"]', f"values = {list(COMMANDS)}".replace("'", '"'))
    + """
[event.set_up]
text = "A step of setting up was done."
occasions = ["event"]
purpose = "use"
identities = ["instance", "organization"]

[event.set_up.fields.step]
type = "enum"
values = ["installed", "configured", "connected", "first_job"]
why = "Know where setting up ends too early."
example = "installed"

[event.report_opened]
text = "A report was looked at."
occasions = ["event"]
purpose = "use"

[[switch]]
kind = "cookie"
name = "forge_telemetry"
off = "necessary"
missing = "on"
covers = ["telemetry"]
steps = { browser = "Choose 'Necessary Only'." }

[browser]
page_view = "event.page_view"

[event.page_view]
text = "A page of the console was looked at."
occasions = ["event"]
purpose = "use"

[event.page_view.fields.route]
type = "enum"
values = ["/", "/nodes", "/nodes/:id", "/reports", "/settings"]
why = "Know which pages are used."
example = "/nodes"

[event.page_view.fields.load_time]
type = "duration"
unit = "ms"
why = "Know which pages are slow."
example = 250
"""
)


@dataclass(frozen=True)
class Being:
    """One instance as it was born."""

    name: str
    origin: str
    organization: str | None
    born: date
    died: date
    away: range
    lag: timedelta
    country: str | None
    cores: int
    diligence: float


def great_fleet(seed: int = 11) -> Fleet:
    dice = random.Random(seed)
    likes = [dice.sample(COMMANDS, dice.randrange(1, 6)) for _ in range(ORGANIZATIONS)]
    fleet = Fleet()
    for number in range(INSTANCES):
        being = born(dice, number)
        used = likes[int(being.organization[4:])] if being.organization else COMMANDS[:2]
        # In every third organization most keep to the command that they know.
        if being.organization and int(being.organization[4:]) % 3 == 1 and dice.random() < 0.9:
            used = used[:1]
        for item in life(dice, being, used):
            if item.at < NOW:
                fleet.items.append(item)
    fleet.items += odd_ones(random.Random(seed + 1), fleet.items)
    fleet.items += visits(random.Random(seed + 2))
    return fleet


def odd_ones(dice: random.Random, items: list[Item]) -> list[Item]:
    """Copies that run elsewhere under the identity of their original, some by a wrong clock."""
    return [
        replace(
            item,
            at=item.at + timedelta(microseconds=dice.randrange(1, 1_000_000)),
            country=dice.choice(COUNTRIES),
            doubtful=dice.random() < 0.3,
        )
        for item in items
        if hash_of(item.instance) % 19 == 0 and dice.random() < 0.05
    ]


def hash_of(name: str) -> int:
    return int(name.rpartition("-")[2])


def visits(dice: random.Random) -> list[Item]:
    """Two months of page views, of visitors of a day, with pauses short and long."""
    items = []
    for day in range(60):
        for number in range(40):
            at = NOW - timedelta(days=day, minutes=dice.randrange(900))
            for _ in range(dice.randrange(1, 8)):
                fields = {"route": dice.choice(ROUTES)}
                if dice.random() < 0.8:
                    fields["load_time"] = float(dice.randrange(20, 4000))
                name, country = f"visitor-{day}-{number}", dice.choice(COUNTRIES)
                items.append(Item("event.page_view", at, name, "production", None, country, fields))
                at += timedelta(minutes=dice.choice((1, 2, 5, 30, 45)), microseconds=7)
    return [item for item in items if item.at < NOW]


def born(dice: random.Random, number: int) -> Being:
    at = START + timedelta(days=max(0, dice.randrange(-60, DAYS)))
    # Few organizations have many instances, many have one or two.
    place = int(ORGANIZATIONS * dice.random() ** 2.5)
    return Being(
        name=f"instance-{number:04}",
        origin="simulated" if number % 10 == 9 else "production",
        organization=f"org-{place:02}" if dice.random() < 0.85 else None,
        born=at,
        died=at + timedelta(days=dice.randrange(3, 200)),
        away=range(lost := dice.randrange(DAYS), lost + dice.choice((0, 5, 20, 70))),
        lag=timedelta(days=dice.randrange(0, 70)),
        country=dice.choice(COUNTRIES),
        cores=dice.choice((1, 2, 4, 4, 8, 16, 64)),
        diligence=dice.uniform(0.3, 0.98),
    )


def life(dice: random.Random, being: Being, used: list[str]):
    """All items of one instance."""
    names_version = dice.random() < 0.95
    system = dice.choice(SYSTEMS)
    moment = datetime(being.born.year, being.born.month, being.born.day, tzinfo=UTC)
    version_then = version_of(dice, being, being.born) if names_version else None
    for step in SET_UP:
        moment += timedelta(seconds=dice.expovariate(1 / 40_000))
        if dice.random() < 0.12:
            break
        yield thing(being, "event.set_up", moment, version_then, {"step": step})
    for n in range(DAYS):
        day = START + timedelta(days=n)
        if not being.born <= day <= being.died or n in being.away:
            continue
        if dice.random() > being.diligence:
            continue
        version = version_of(dice, being, day) if names_version else None
        base = datetime(day.year, day.month, day.day, tzinfo=UTC)

        def at(base: datetime = base) -> datetime:
            return base + timedelta(microseconds=dice.randrange(86_400_000_000))

        if dice.random() < 0.4:
            fields = {"cores": being.cores, "system": system, "plugins": dice.sample(
                ["git", "s3", "k8s"], dice.randrange(3)), "tables": []}  # fmt: skip
            if dice.random() < 0.1:
                del fields["cores"]
            yield thing(being, "snapshot.host", at(), version, fields)
        for _ in range(dice.randrange(1, 5)):
            fields = {"command": dice.choice(used), "seconds": round(dice.expovariate(0.2), 3)}
            yield thing(being, "event.command_finished", at(), version, fields)
        if dice.random() < 0.05:
            yield thing(being, "event.report_opened", at(), version, {})


def version_of(dice: random.Random, being: Being, day: date) -> str:
    known = [name for name, out in RELEASES if out + being.lag <= day] or [RELEASES[0][0]]
    return known[-2] if len(known) > 1 and dice.random() < 0.01 else known[-1]


def thing(being: Being, path: str, at: datetime, version: str | None, fields: dict) -> Item:
    return Item(
        path, at, being.name, being.origin, version, being.country, fields, being.organization
    )
