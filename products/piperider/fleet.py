"""A simulated fleet: people with PipeRider on their machines, their projects, and build services.

Work stops at weekends, and most upgrade weeks late. Some homes were copied to a second machine
together with the profile, some clocks are wrong, some people stop, pause and come back; builds of a
project count as one user; old clients send seconds where milliseconds are due.
"""

import random
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from glasshouse.simulation import Calendar, Life, Release, Request, life, newest_release, run_fleet

PATH = "/2/httpapi"
EVENTS_PER_REQUEST = 500

PEOPLE = 260
WITH_A_SECOND_MACHINE = 0.04  # the home was copied: the same user id
WITH_A_WRONG_CLOCK = 0.01
WITH_BUILDS = 0.3
RUNS_A_DAY = 0.7
SECONDS_BEFORE = "0.19.0"  # older clients send seconds; the door understands both

# Version names are real, the days are the simulation's.
RELEASES = (
    Release("0.17.0", -80), Release("0.18.0", -30), Release("0.19.0", 8), Release("0.20.0", 47),
    Release("0.21.0", 78),
)  # fmt: skip
SOURCES = {
    "snowflake": 34,
    "postgres": 26,
    "bigquery": 16,
    "duckdb": 12,
    "redshift": 7,
    "sqlite": 5,
}
PLATFORMS = {"darwin": 52, "linux": 36, "windows": 12}
PYTHONS = {"3.8": 10, "3.9": 24, "3.10": 38, "3.11": 28}
COMMANDS = {"run": 64, "generate-report": 14, "compare": 16, "generate-assertions": 6}


class Project(NamedTuple):
    identity: str
    source: str
    tables: int
    columns: int
    rows: int
    built_in: int
    custom: int


class Person(NamedTuple):
    """One profile on one machine, and its habits; `user` of builds ends in `_CI`."""

    user: str
    device: str | None
    platform: str
    python: str
    lag: float
    life: Life
    runs: float
    skew: timedelta
    projects: tuple[Project, ...]


def fleet(calendar: Calendar, seed: int, key: str) -> Sequence[Request]:
    """All events, oldest first."""
    chance = random.Random(f"piperider {seed}")
    timed = [
        pair for person in _people(calendar, chance) for pair in _events(person, calendar, chance)
    ]
    timed.sort(key=lambda pair: pair[0])
    return [
        Request(PATH, {}, {"api_key": key, "events": events}, len(events))
        for events in (
            [event for _, event in timed[start : start + EVENTS_PER_REQUEST]]
            for start in range(0, len(timed), EVENTS_PER_REQUEST)
        )
    ]


def _people(calendar: Calendar, chance: random.Random) -> Iterator[Person]:
    for _ in range(PEOPLE):
        person = Person(
            user=_hex(chance),
            device=_hex(chance),
            platform=_one(PLATFORMS, chance),
            python=_one(PYTHONS, chance),
            lag=chance.gammavariate(2, 9),
            life=life(chance, calendar.days),
            runs=chance.gammavariate(1.5, RUNS_A_DAY / 1.5),
            skew=_skew(chance),
            projects=tuple(_project(chance) for _ in range(chance.choice((1, 1, 1, 2, 3)))),
        )
        yield person
        if chance.random() < WITH_A_SECOND_MACHINE:
            yield person._replace(device=_hex(chance), platform="linux", lag=person.lag + 20)
        if chance.random() < WITH_BUILDS:
            project = person.projects[0]
            yield person._replace(
                user=f"{project.identity}_CI", device=None, platform="linux", projects=(project,)
            )


def _project(chance: random.Random) -> Project:
    tables = round(chance.lognormvariate(2.6, 0.8)) + 1
    return Project(
        identity=_hex(chance),
        source=_one(SOURCES, chance),
        tables=tables,
        columns=tables * chance.randint(4, 22),
        rows=round(chance.lognormvariate(12, 2)),
        built_in=tables * chance.randint(0, 4),
        custom=chance.choice((0, 0, 0, 1, 3, 8)),
    )


def _events(
    person: Person, calendar: Calendar, chance: random.Random
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    initial = set(person.projects)
    for day in range(calendar.days):
        rests = calendar.is_weekend(day) and chance.random() < 0.85
        if rests or not person.life.present(day):
            continue
        for _ in range(_count(person.runs, chance)):
            at = calendar.at(day, chance.triangular(25_000, 80_000, 50_000))
            if at is None:
                continue
            project = chance.choice(person.projects)
            is_new = project in initial and person.life.first >= 0
            initial.discard(project)
            command = "init" if is_new else _one(COMMANDS, chance)
            yield from _command(person, project, command, day=day, at=at, chance=chance)


def _command(
    person: Person,
    project: Project,
    command: str,
    *,
    day: int,
    at: datetime,
    chance: random.Random,
) -> Iterator[tuple[datetime, dict[str, Any]]]:
    version = newest_release(RELEASES, day, person.lag)
    grown = 1 + day / 200
    properties: dict[str, Any] = {
        "command": command,
        "platform": person.platform,
        "python_version": person.python,
        "version": version,
        "datasource_type": project.source,
    }
    if person.device is not None:
        properties["hashed_device"] = person.device
    if command in ("run", "generate-assertions"):
        properties |= {
            "tables": project.tables,
            "columns": project.columns,
            "rows": round(project.rows * grown),
        }
    yield (
        at,
        _event(
            "command", person, project, version=version, at=at, properties=properties, chance=chance
        ),
    )
    if command not in ("run", "generate-assertions"):
        return
    used = project.built_in + project.custom
    failed = sum(chance.random() < 0.04 for _ in range(used))
    about = {
        "command": command,
        "build_in_assertions": project.built_in,
        "custom_assertions": project.custom,
    }
    if command == "run":
        about |= {"passed_assertions": used - failed, "failed_assertions": failed}
    yield (
        at,
        _event(
            "assertions", person, project, version=version, at=at, properties=about, chance=chance
        ),
    )


def _event(
    item: str,
    person: Person,
    project: Project,
    *,
    version: str,
    at: datetime,
    properties: dict[str, Any],
    chance: random.Random,
) -> dict[str, Any]:
    seconds = (at + person.skew).timestamp()
    return {
        "event_type": item,
        "user_id": person.user,
        "time": int(seconds) if version < SECONDS_BEFORE else int(seconds * 1000),
        "insert_id": _hex(chance),
        "app_version": version,
        "event_properties": {**properties, "project_id": project.identity},
    }


def _skew(chance: random.Random) -> timedelta:
    """A wrong time zone, a dead battery."""
    if chance.random() >= WITH_A_WRONG_CLOCK:
        return timedelta()
    return chance.choice((timedelta(hours=-9), timedelta(hours=7), timedelta(days=-2900)))


def _hex(chance: random.Random) -> str:
    return f"{chance.getrandbits(128):032x}"


def _one(weights: dict[str, int], chance: random.Random) -> str:
    return chance.choices(tuple(weights), tuple(weights.values()))[0]


def _count(mean: float, chance: random.Random) -> int:
    """How many of something that happens `mean` times a day (Poisson)."""
    count, passed = 0, chance.expovariate(1.0)
    while passed < mean:
        count, passed = count + 1, passed + chance.expovariate(1.0)
    return count


if __name__ == "__main__":
    sys.exit(run_fleet(fleet, "A simulated fleet of PipeRider CLI."))
