"""The only reader of the environment. One frozen `Settings`; every field says what it does."""

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

PREFIX = "GLASSHOUSE_"
ALIKE = 0.85  # of 1, from which two names are taken for the same, misspelled


@dataclass(frozen=True, slots=True)
class Settings:
    """How this server runs. A flag NAME and the variable GLASSHOUSE_NAME mean the same."""

    data: Path
    """Directory that holds everything: catalogue, journal, store."""

    role: str = "all"
    """What this process does: `all`, or one of `collector`, `loader` and `console`, which need
    `journal` and `store`."""

    journal: str = ""
    """The NATS servers that keep what was acknowledged:
    nats://USER:PASSWORD@HOST:4222,HOST:4222,HOST:4222/NAME?partitions=8; in `data` if empty."""

    store: str = ""
    """The ClickHouse servers that questions are asked of:
    clickhouse://USER:PASSWORD@HOST:9000,HOST:9000/DATABASE?cluster=NAME; in `data` if empty."""

    listen: str = "127.0.0.1:8090"
    """Where the console listens, and the doors unless they have a port of their own."""

    collector_listen: str | None = None
    """Where the doors listen, if apart from the console."""

    country_database: Path | None = None
    """A country database in MaxMind's format; the one that ships with the package otherwise."""

    regions: Path | None = None
    """A database in MaxMind's format that knows regions, which the operator has a licence for."""

    trusted_proxies: tuple[str, ...] = ()
    """Peers whose X-Forwarded-For is believed: addresses, or networks such as 10.1.0.0/16, with
    commas between. Nobody's is, by default."""

    in_flight_bytes: int = 256 * 1024 * 1024
    """Bodies being worked on at once, in bytes; beyond it the doors answer 503."""

    collectors: int = 1
    """Processes that serve the doors. A second one uses a second core; the first one loads, too."""

    items_per_second: float = 0.0
    """Most items taken in a second, shared evenly among products; 0 for no limit."""

    requests_per_second: float = 20.0
    """Most requests in a second to the console and its interface by one person, token or share
    link, ten seconds of them at once; 0 for no limit. Commands on this machine have none."""

    load_every: float = 0.8
    """Seconds between two loads from the journal into the store; in a cluster at least 2 between
    two of a partition."""

    store_memory: str = "2GB"
    """Most memory that the store's engine may take."""

    store_threads: int = 0
    """Threads of the store's engine; 0 takes as many as there are cores. One thread loads at a
    fifth less CPU an event, and answers questions at half the speed of two."""

    log_format: str = "text"
    """How the log on standard error is written: `text`, `json` or `logfmt`, one notice a line."""

    public_address: str = ""
    """Where people reach this server, such as https://telemetry.example.com: for the way back from
    an OpenID provider, and for links in alerts."""

    openid_issuer: str = ""
    """The OpenID provider that people may sign in with, as its discovery document names itself."""

    openid_client: str = ""
    """What this server is called there: the client's id."""

    openid_secret_file: Path | None = None
    """A file with the client's secret; none for a public client, which PKCE alone protects."""

    openid_title: str = "OpenID"
    """What the button says after "Sign in with"."""

    openid_name: str = "preferred_username"
    """The claim that becomes a new person's name here; `email` only where it is verified."""

    openid_newcomers: str = "refuse"
    """Who signs in for the first time without a one-time link: `refuse`, or the role that he or she
    gets, such as `viewer`; never with raw access."""

    mail_server: str = ""
    """HOST:PORT of the mail server that takes alerts; without one there are no mails."""

    mail_security: str = "starttls"
    """How the way to it is protected: `starttls`, `tls`, or `none`."""

    mail_user: str = ""
    """Who this server is there, if it asks."""

    mail_password_file: Path | None = None
    """A file with the password."""

    mail_from: str = ""
    """The address that alerts come from."""

    one_thread: bool = False
    """Do everything in one thread: slower, but every system call has its turn (fault injection)."""


@dataclass(frozen=True, slots=True)
class ServiceManager:
    """Where the service manager that started this process wants to hear of it."""

    notify_socket: str | None = None


def service_manager(environment: Mapping[str, str] | None = None) -> ServiceManager:
    source = os.environ if environment is None else environment  # noqa: TID251 (the one reader)
    return ServiceManager(source.get("NOTIFY_SOCKET") or None)


class SettingError(ValueError):
    """A variable that cannot be read: which, what was found, what was expected."""


def from_environment(settings: Settings, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings with every GLASSHOUSE_* variable that is set laid over them.

    Raises `SettingError`, also for a variable that is nearly one of them: what somebody meant to
    set would be left at its default without a word.
    """
    source = os.environ if environment is None else environment  # noqa: TID251 (the one reader)
    _refuse_misspelled(source)
    values: dict[str, Any] = {}
    for field in fields(Settings):
        variable = f"{PREFIX}{field.name.upper()}"
        text = source.get(variable)
        if text:
            cast, expected = CASTS.get(field.name, (str, ""))
            try:
                values[field.name] = cast(text)
            except ValueError:
                raise SettingError(f"{variable}: found '{text}'; expected {expected}") from None
    return replace(settings, **values)


def _refuse_misspelled(source: Mapping[str, str]) -> None:
    """Names that are not near are others' business, such as those that Kubernetes sets."""
    known = [field.name.upper() for field in fields(Settings)]
    for variable in source:
        name = variable.removeprefix(PREFIX)
        if name == variable or name in known:
            continue
        for near in difflib.get_close_matches(name, known, n=1, cutoff=ALIKE):
            raise SettingError(
                f"{variable}: found a name that is no setting; expected {PREFIX}{near}, "
                "or that it is not set"
            )


def _networks(text: str) -> tuple[str, ...]:
    """A name would match no peer, and nothing would say so."""
    named = filter(None, (part.strip() for part in text.split(",")))
    return tuple(str(ip_network(address)) for address in named)


def _size(text: str) -> str:
    """What DuckDB reads as a size."""
    if not re.fullmatch(r"\d+(\.\d+)? ?[KMGT]i?B", text, re.IGNORECASE):
        raise ValueError(text)
    return text


_WHOLE, _NUMBER = (int, "a whole number"), (float, "a number")
CASTS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "data": (Path, ""),
    "country_database": (Path, ""),
    "regions": (Path, ""),
    "openid_secret_file": (Path, ""),
    "mail_password_file": (Path, ""),
    "trusted_proxies": (
        _networks,
        "IP addresses or networks with commas between, such as 10.0.0.7,10.1.0.0/16",
    ),
    "in_flight_bytes": _WHOLE,
    "collectors": _WHOLE,
    "items_per_second": _NUMBER,
    "requests_per_second": _NUMBER,
    "load_every": _NUMBER,
    "store_memory": (_size, "a size such as 2GB"),
    "store_threads": _WHOLE,
    "one_thread": (lambda text: text not in ("0", "false"), ""),
}
