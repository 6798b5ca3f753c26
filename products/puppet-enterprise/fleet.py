"""A simulated fleet: sites of Puppet Enterprise whose masters check in every day.

Sites upgrade when they are ready, and their agents after them; numbers of nodes grow slowly. As in
any real fleet one master was restored from a backup beside the original, one has its clock years
ahead, and some check-ins are sent twice because the answer was lost. Some sites have opted out:
of those that left the check for updates on, product and version alone arrive, and are not stored.
"""

import hashlib
import random
import sys
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from glasshouse.simulation import Calendar, Life, Release, Request, life, newest_release, run_fleet
from glasshouse.simulation.delivery import wire_time

PATH = "/"
HEADERS = {
    "Content-Type": "text/plain; charset=ISO-8859-1",  # as the client of this door labels it
    "Glasshouse-Origin": "simulated",
}
SITES = 12
WITH_SECOND_MASTER = 0.3
OPTS_OUT = 7  # one site in so many
SENT_TWICE = 0.01
CLOCK_AHEAD = timedelta(days=1157)

# Version names are real, the days are the simulation's; each brings a version of the agent.
RELEASES = (
    Release("2016.4.2", -90), Release("2016.5.1", -30), Release("2016.5.2", 8),
    Release("2017.1.0", 34), Release("2017.1.1", 61), Release("2017.2.1", 80),
)  # fmt: skip
AGENTS = {
    "2016.4.2": "1.7.1", "2016.5.1": "1.8.0", "2016.5.2": "1.8.2", "2017.1.0": "1.9.3",
    "2017.1.1": "1.10.1", "2017.2.1": "1.10.4",
}  # fmt: skip
MASTERS = {"RedHat": 52, "CentOS": 33, "SLES": 6, "Ubuntu": 7, "OracleLinux": 2}
# Systems of agents, and on how many sites there are some.
SYSTEMS = {
    "RedHat": 0.7, "CentOS": 0.6, "windows": 0.55, "Ubuntu": 0.4, "SLES": 0.2, "Debian": 0.2,
    "OracleLinux": 0.15, "Solaris": 0.12, "AIX": 0.1, "Darwin": 0.05, "eos": 0.02,
}  # fmt: skip


class Site(NamedTuple):
    """A customer's installation, and its habits."""

    site: str
    license: str
    masters: tuple[str, ...]
    lag: float
    agents_lag: float
    life: Life
    system: str
    licensed: int
    nodes: float  # on the first day
    growth: float  # a day
    mix: tuple[tuple[str, float], ...]  # shares of systems
    second: float  # of the day, at which it checks in
    is_opted_out: bool


def fleet(calendar: Calendar, seed: int, _key: str) -> Sequence[Request]:
    """A request a check-in, oldest first."""
    chance = random.Random(f"puppet-enterprise {seed}")
    sites = list(_sites(calendar, chance))
    # These two are there all the time: one with a wrong clock, and one that was cloned together
    # with its identity, so that it runs in two places.
    always = Life(-1, calendar.days)
    sites[0] = sites[0]._replace(life=always)
    sites[1] = sites[1]._replace(life=always, system="RedHat")
    ahead = sites[0].masters[0]
    sites.append(sites[1]._replace(system="Ubuntu", second=chance.uniform(0, 86_400), lag=40.0))
    sent = []
    for site in sites:
        for day in range(calendar.days):
            at = calendar.at(day, site.second + chance.uniform(0, 60))
            if at is None or not site.life.present(day):
                continue
            for master in site.masters:
                skew = CLOCK_AHEAD if master == ahead else timedelta()
                document = _document(site, master, day, at + skew)
                sent += [(at, document)] * (2 if chance.random() < SENT_TWICE else 1)
    sent.sort(key=lambda pair: pair[0])
    return [Request(PATH, HEADERS, document, 1) for _, document in sent]


def _sites(calendar: Calendar, chance: random.Random) -> Iterator[Site]:
    for number in range(SITES):
        nodes = min(chance.lognormvariate(5.2, 1.1), 6000)
        systems = [name for name, share in SYSTEMS.items() if chance.random() < share]
        shares = {name: chance.gammavariate(1, SYSTEMS[name]) for name in systems or ["CentOS"]}
        masters = 2 if chance.random() < WITH_SECOND_MASTER else 1
        yield Site(
            site=_hash("site", chance),
            license=str(uuid.UUID(int=chance.getrandbits(128), version=4)),
            masters=tuple(_hash("master", chance) for _ in range(masters)),
            lag=chance.gammavariate(2, 9),
            agents_lag=chance.gammavariate(2, 6),
            life=life(chance, calendar.days),
            system=chance.choices(tuple(MASTERS), tuple(MASTERS.values()))[0],
            licensed=max(10, int(nodes * chance.uniform(0.9, 1.6)) // 10 * 10),
            nodes=nodes,
            growth=nodes * chance.uniform(-0.0005, 0.004),
            mix=tuple((name, share / sum(shares.values())) for name, share in shares.items()),
            second=chance.uniform(0, 86_400),
            is_opted_out=number % OPTS_OUT == OPTS_OUT - 2,
        )


def _document(site: Site, master: str, day: int, at: datetime) -> dict[str, Any]:
    version = newest_release(RELEASES, day, site.lag)
    told = {"product": "pe-master", "version": version}
    if site.is_opted_out:
        return told
    nodes = max(1, round(site.nodes + site.growth * day))
    metrics = {
        "product_name": "Puppet Enterprise",
        "pe_version": version,
        "licensed_nodes": site.licensed,
        "nodes": nodes,
        "master_os": site.system,
        "agent_os": _parted(nodes, site.mix),
        "puppet_agent_versions": _agent_versions(site, day, nodes),
    }
    moment = wire_time(at)
    snapshots = {name: {"value": value, "timestamp": moment} for name, value in metrics.items()}
    return {
        **told,
        "host-id": master,
        "site-id": site.site,
        "license": site.license,
        "self-service-analytics": {"events": [], "snapshots": snapshots},
    }


def _agent_versions(site: Site, day: int, nodes: int) -> dict[str, int]:
    """Some weeks after the master most agents have followed it."""
    newest = AGENTS[newest_release(RELEASES, day, site.lag)]
    before = AGENTS[newest_release(RELEASES, day, site.lag + site.agents_lag)]
    oldest = AGENTS[newest_release(RELEASES, day, site.lag + 2.5 * site.agents_lag)]
    shares: dict[str, float] = {}
    for version, share in ((newest, 0.2), (before, 0.7), (oldest, 0.1)):
        shares[version] = shares.get(version, 0.0) + share
    return _parted(nodes, tuple(shares.items()))


def _parted(nodes: int, shares: Sequence[tuple[str, float]]) -> dict[str, int]:
    """All nodes, by shares; the first has what rounding leaves."""
    counts = {name: int(nodes * share) for name, share in shares}
    first = shares[0][0]
    counts[first] += nodes - sum(counts.values())
    return {name: count for name, count in counts.items() if count}


def _hash(what: str, chance: random.Random) -> str:
    """As keyed hashes look: 32 hex digits."""
    return hashlib.blake2b(f"{what} {chance.getrandbits(128)}".encode(), digest_size=16).hexdigest()


if __name__ == "__main__":
    sys.exit(run_fleet(fleet, "A simulated fleet of Puppet Enterprise."))
