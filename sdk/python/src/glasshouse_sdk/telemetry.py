"""`Telemetry`: what a product holds in its hand.

    telemetry = Telemetry("/usr/lib/acme/telemetry.json", version="1.4.0", key=KEY)
    telemetry.record("command_finished", command="run", seconds=1.5)

It decides on consent when it is made. While that says off, nothing beyond the deciding modules is
imported and nothing is written. It never raises into the host, never prints, and never waits, but
in `send`, for as long as it is told.
"""

from __future__ import annotations

import sys

from glasshouse_sdk.compiled import load_compiled
from glasshouse_sdk.consent import Consent, decide
from glasshouse_sdk.environment import hand_down_refusal, process_environment
from glasshouse_sdk.jsontext import parsed
from glasshouse_sdk.state import State, default_directory

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from typing import Any

    from glasshouse_sdk.recording import Delivered, Recorder
    from glasshouse_sdk.sender.history import Entry
    from glasshouse_sdk.wires import Request

MOST_PROBLEMS = 20
IN_LINE_SECONDS = 10.0


class Telemetry:
    """Records what the manifest declares, if the person whose machine this is agrees."""

    def __init__(
        self,
        manifest: str | os.PathLike[str] | dict[str, Any],
        *,
        version: str | None = None,
        key: str | None = None,
        endpoint: str | None = None,
        state: str | os.PathLike[str] | None = None,
        instance: str | None = None,
        identities: Mapping[str, str] | None = None,
        origin: str = "production",
        environment: Mapping[str, str] | None = None,
        sends_at_exit: bool = True,
        strict: bool = False,
    ) -> None:
        """`manifest`: path of a compiled manifest (JSON), or of a TOML one, or a compiled dict.
        `version`: the product's. `key`: its write key. `endpoint`: the collector, if not the
        manifest's. `state`: the state directory, if not the user's own for this product.
        `instance`: the instance's identity, if the product knows one. `identities`: the others.
        `origin`: 'production', 'development' or 'ci'. `environment`: variables, if not the
        process's. `sends_at_exit`: False leaves what waits to `send`, the next run or the owner.
        `strict`: raise what is otherwise swallowed; for tests and development.
        """
        self._strict = strict
        self._problems: list[str] = []
        self._recorder: Recorder | None = None
        self._is_on = False
        self._consent: Consent | None = None
        try:
            self._open(manifest, key, endpoint, state, environment)
            self._version = version
            self._instance = instance
            self._identities = dict(identities or {})
            self._origin = _known_origin(origin)
            self._sends_at_exit = sends_at_exit
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._is_on = False
            self._swallow(error)

    def record(self, name: str, /, **fields: Any) -> None:
        """Record one item, by its name or path; on disk when this returns. Costs microseconds.

        What the manifest does not allow is not written, only counted; `problems` tells which.
        """
        if not self._is_on:
            return
        try:
            recorder = self._recorder or self._begin()
            recorder.record(name, fields)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)

    def send(self, seconds: float | None = None) -> Delivered:
        """Send now and wait, for the manifest's in-line deadline if none is given.

        acknowledged  nothing is left to send: the collector has taken all that was waiting
        waiting       something is left, for a later attempt
        given-up      nothing is left, but something will never arrive: the collector refused it
                      for good, the spool overflowed, or the telemetry is off
        """
        if not self._is_on:
            return "given-up"
        try:
            recorder = self._recorder or self._begin()
            seconds = self._in_line_seconds if seconds is None else seconds
            return recorder.send(seconds)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return "waiting" if self._is_on else "given-up"

    def waiting(self) -> tuple[dict[str, Any], ...]:
        """The items that wait to be sent, of this and earlier runs, as they were recorded:
        `item`, `id`, `at`, `instance`, `version`, `identities`, `fields`.
        """
        if not self._is_on or self._state is None:
            return ()
        try:
            from glasshouse_sdk.claims import waiting_lines  # read by those alone who ask

            # A full disk can tear a line; what is left of it is no item.
            whole = (line for line in waiting_lines(self._state) if line.endswith(b"}}"))
            return tuple(parsed(line.decode("ascii")) for line in whole)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return ()

    def discard(self) -> None:
        """Remove what waits to be sent; the identity, the person's answer and the history stay."""
        if not self._is_on or self._state is None:
            return
        try:
            from glasshouse_sdk.refusing import discard_waiting  # loaded by those alone who ask

            discard_waiting(self._state)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)

    def preview(self) -> Request | None:
        """The next request (`path`, `headers`, `body`, `ids`), frozen: it leaves as it is shown.

        None if nothing would be sent.
        """
        if not self._is_on or self._state is None or self._consent is None:
            return None
        try:
            from glasshouse_sdk.destination import Destination  # as above
            from glasshouse_sdk.sender.previewing import next_request

            destination = Destination(self._endpoint, self._key, self._compiled)
            return next_request(self._state, destination, self._consent.states)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return None

    def history(self) -> tuple[Entry, ...]:
        """What left this machine in the last seven days, each with its `body` and `attempts`."""
        if self._state is None:
            return ()
        try:
            from glasshouse_sdk.sender.history import entries  # as above

            return tuple(entries(self._state))
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong last, for developers: reasons, names and types, never values."""
        return tuple(self._problems)

    @property
    def consent(self) -> str:
        """`on`, `off` or `ask`: the best state that any channel of the product has."""
        states = set(self._consent.states.values()) if self._is_on and self._consent else set()
        return next((state for state in ("on", "ask") if state in states), "off")

    def _open(
        self,
        manifest: str | os.PathLike[str] | dict[str, Any],
        key: str | None,
        endpoint: str | None,
        state: str | os.PathLike[str] | None,
        environment: Mapping[str, str] | None,
    ) -> None:
        self._compiled = compiled = load_compiled(manifest)
        product = compiled["product"]
        self._environ = process_environment() if environment is None else environment
        self._key = key or ""
        self._endpoint: str = endpoint or product["endpoint"]
        self._in_line_seconds: float = product["seconds"] or IN_LINE_SECONDS
        directory = (
            default_directory(product["slug"], self._environ, sys.platform)
            if state is None
            else str(state)
        )
        self._state = State(directory) if directory else None
        self._consent = consent = decide(compiled, self._environ, self._state)
        self._is_on = not consent.is_all_off and self._state is not None
        if consent.is_all_off:
            if environment is None:
                hand_down_refusal(product["slug"])
            if self._state is not None:
                self._obey(consent, self._state)

    def _obey(self, consent: Consent, state: State) -> None:
        """Off: leave nothing behind, but a refusal that is to hold for later installations."""
        kept = consent.to_keep()
        if kept is not None:
            self._keep_refusal(state, kept.name)
        if state.exists_beyond_refusals():
            from glasshouse_sdk.refusing import discard_everything  # only when there is something

            discard_everything(state)

    def _keep_refusal(self, state: State, name: str) -> None:
        import time

        from glasshouse_sdk.answers import EVERY, give_answer

        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        give_answer(state, tuple(self._compiled["channels"]), EVERY, says="off", at=at, by=name)

    def _begin(self) -> Recorder:
        # Everything that only a product with its telemetry on needs is loaded here.
        from glasshouse_sdk.destination import Destination
        from glasshouse_sdk.recording import Recorder

        if self._state is None:
            raise OSError("found no place for the state; expected a home directory")
        self._recorder = Recorder(
            self._compiled,
            Destination(self._endpoint, self._key, self._compiled),
            self._state,
            self._environ,
            version=self._version,
            instance=self._instance,
            identities=self._identities,
            origin=self._origin,
            sends_at_exit=self._sends_at_exit,
        )
        return self._recorder

    def _swallow(self, error: Exception) -> None:
        """The one place where an error ends. The host relies on it; strict mode raises it."""
        if type(error).__name__ == "TurnedOffError" and self._recorder is not None:
            self._is_on = False
            recorder, self._recorder = self._recorder, None
            recorder.discard()
            return
        if self._strict:
            raise error
        self._problems = [*self._problems, f"{type(error).__name__}: {error}"][-MOST_PROBLEMS:]
        reason = getattr(error, "reason", None)
        if reason is not None and self._recorder is not None:
            try:  # noqa: SIM105 — `contextlib` costs the host more than this does
                self._recorder.count(reason)
            except OSError:
                pass  # where nothing can be written, nothing can be counted either


def _known_origin(origin: str) -> str:
    if origin not in ("production", "development", "ci"):
        raise ValueError(f"origin: found '{origin}'; expected production, development or ci")
    return origin
