"""`Telemetry`: what a product holds in its hand.

    telemetry = Telemetry("/usr/lib/acme/telemetry.json", version="1.4.0", key=KEY)
    telemetry.record("command_finished", command="run", seconds=1.5)

It decides on consent when it is made. While that says off, nothing beyond the deciding modules is
imported and nothing is written. It never raises into the host, never prints, and never waits, but
in `send`, for as long as it is told.
"""

from __future__ import annotations

import os
import time

from glasshouse_sdk.answers import EVERY
from glasshouse_sdk.compiled import load_compiled, unknown_parts, with_parts
from glasshouse_sdk.decision import NO_PLACE, Decision
from glasshouse_sdk.environment import process_environment
from glasshouse_sdk.jsontext import parsed
from glasshouse_sdk.off import UPDATE_CHECK
from glasshouse_sdk.origin import origin_to_record
from glasshouse_sdk.state import State, state_at
from glasshouse_sdk.surroundings import Surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from typing import Any

    from glasshouse_sdk.destination import Destination
    from glasshouse_sdk.forgetting import Forgotten
    from glasshouse_sdk.recording import Delivered, Recorder
    from glasshouse_sdk.runs import Run
    from glasshouse_sdk.sender.history import Entry
    from glasshouse_sdk.updates import Release
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
        keys: Mapping[str, str] | None = None,
        origin: str | None = None,
        environment: Mapping[str, str] | None = None,
        project: str | os.PathLike[str] | None = None,
        properties: Mapping[str, str] | None = None,
        policy: str | os.PathLike[str] | None = None,
        installation: str | os.PathLike[str] | None = None,
        parts: Collection[str] | None = None,
        sends_at_exit: bool = True,
        strict: bool = False,
    ) -> None:
        """`manifest`: path of a compiled manifest (JSON), or of a TOML one, or a compiled dict.
        `version`: the product's. `key`: its write key. `endpoint`: the collector, if not the
        manifest's. `state`: the state directory, if not the user's own for this product.
        `instance`: the instance's identity, if the product knows one. `identities`: the others.
        `keys`: of identities that several machines share, the key that they all hash it with (64
        hex digits); the others are hashed with a secret of this machine alone. `origin`:
        'production', 'development' or 'ci', if it is not as the variables of test runners and build
        services tell; the last two are counted apart. `environment`: variables,
        if not the process's. `project`: the directory of the project that the product works on, if
        its manifest has switches there. `properties`: those that the product was started with, for
        switches of that kind. `policy`: the directory of the organization's policies, if not
        /etc/glasshouse/policy.d. `installation`: a directory that every user of the machine may
        read, where a sticky refusal of whoever may write there is kept for all. `parts`: the names
        of those parts of the product that are there, if not all that the manifest knows.
        `sends_at_exit`: False leaves what waits to `send`, to the next run or to the owner.
        `strict`: raise what is otherwise swallowed; for tests and development.
        """
        self._strict = strict
        self._problems: list[str] = []
        self._recorder: Recorder | None = None
        self._is_on = False
        self._decision: Decision | None = None
        self._state: State | None = None
        try:
            environ = process_environment() if environment is None else environment
            self._surroundings = Surroundings(
                environ,
                project=None if project is None else os.fspath(project),
                properties=properties,
                policy=None if policy is None else os.fspath(policy),
                installation=None if installation is None else os.fspath(installation),
            )
            self._hands_down = environment is None
            self._open(manifest, key, endpoint, state, parts)
            self._version = version
            self._instance = instance
            self._identities = dict(identities or {})
            self._keys = dict(keys or {})
            self._sent_at = 0.0
            self._origin = origin_to_record(origin, environ, manifest)
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

    def record_all(
        self, items: Sequence[tuple[str, Mapping[str, Any]]], *, at: int, seed: str
    ) -> int:
        """Record items that happened at one moment (`at`, nanoseconds since 1970), all or none: how
        many were written. Recorded again with the same `seed`, they count once.
        """
        if not self._is_on:
            return 0
        try:
            recorder = self._recorder or self._begin()
            return recorder.record_all(items, at, seed)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return 0

    def record_when_due(self, name: str, collect: Callable[[], Mapping[str, Any]]) -> bool:
        """Record an item if one of the occasions that the manifest gives it has come: `collect` is
        called only then, for its fields. Cheap when nothing is due, so a server may call it often.
        """
        if not self._is_on:
            return False
        try:
            recorder = self._recorder or self._begin()
            return recorder.record_when_due(name, collect)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return False

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
            self._sent_at = time.time()
            return recorder.send(seconds)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return "waiting" if self._is_on else "given-up"

    def check_for_updates(self, seconds: float = IN_LINE_SECONDS) -> Release | None:
        """The newest release, with `version`, `newer`, `link` and `message`; None if no answer
        came, or the channel `update-check` is off. Product and version leave, and no identity;
        nothing at all if the last `send` has brought the answer.
        """
        try:
            if self.state_of(UPDATE_CHECK) != "on":
                return None
            from glasshouse_sdk.updates import ask, told_since  # the network: by who asks for it

            told = None
            if self._is_on and self._sent_at:
                told = told_since(self._known_state(), self._sent_at)
            known = self._destination(), self._version or "", self._surroundings.environ
            return told or ask(*known, seconds)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return None

    def state_of(self, channel: str) -> str:
        """`on`, `off` or `ask`: what holds for one channel, such as `telemetry`."""
        decision = self._decision
        return "off" if decision is None else decision.consent.states.get(channel, "off")

    def answer(self, says: str, *, channel: str | None = None, by: str = "the product") -> None:
        """Keep what the person said, `on` or `off`, for every channel unless one is named; `by`
        names the setting or page where it was said. Off removes what waits before this returns.
        """
        if self._decision is None:
            return
        try:
            self._decision.answer(says, channel or EVERY, by)
            self._decide()
            if self._is_on and says == "off":
                self._decision.clear()
            if self._recorder is not None:
                self._recorder.ask_again()
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)

    def forget(self, seconds: float = 20.0, by: str = "the product") -> Forgotten:
        """Refuse, and ask the collector to erase what left: it is off when this returns. Waits for
        the collector's answer for so many seconds at most. What became of it, at worst:

        done      erased, or nothing is known here that ever left
        pending   the collector has noted it; `history` has the receipt with its date
        waiting   it could not be reached; the request is kept, and sent at the next run
        refused   it cannot be proven who asks; the vendor has to be asked by other means
        """
        try:
            from glasshouse_sdk.forgetting import forget, worst  # by those alone who ask

            known = self._compiled, self._known_state(), self._destination()
            asked = forget(*known, self._surroundings.environ, by=by, seconds=seconds)
            self._decide()
            self._recorder = None
            return worst(asked)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return "waiting"

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
        if not self._is_on or self._state is None:
            return None
        try:
            from glasshouse_sdk.sender.previewing import next_request  # as above

            return next_request(self._state, self._destination(), self._surroundings)
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

    def declared(self) -> list[dict[str, Any]]:
        """All that this installation is configured to send, whatever its switches say: each item
        with its fields, what they are for, and the part that it comes from.
        """
        try:
            from glasshouse_sdk.declaring import declared_items  # read by those alone who ask

            return declared_items(self._compiled)
        except Exception as error:  # noqa: BLE001 — no mistake of ours or theirs may reach the host
            self._swallow(error)
            return []

    @property
    def problems(self) -> tuple[str, ...]:
        """What went wrong last, for developers: reasons, names and types, never values."""
        return tuple(self._problems)

    @property
    def consent(self) -> str:
        """`on`, `off` or `ask`: the best state that any channel with items has."""
        return self._decision.best if self._is_on and self._decision else "off"

    @property
    def is_quiet(self) -> bool:
        """Whether the manifest's grace period holds: `send` then sends nothing."""
        if self._state is None or self._decision is None:
            return False
        from glasshouse_sdk.grace import quiet_until  # read by those alone who ask

        known = self._compiled["product"], self._decision.consent
        return time.time() < quiet_until(self._state, *known)

    def _open(
        self,
        manifest: str | os.PathLike[str] | dict[str, Any],
        key: str | None,
        endpoint: str | None,
        state: str | os.PathLike[str] | None,
        parts: Collection[str] | None,
    ) -> None:
        self._run: Run | None = None
        loaded = load_compiled(manifest)
        self._compiled = compiled = with_parts(loaded, parts)
        product = compiled["product"]
        self._key = key or ""
        self._endpoint: str = endpoint or product["endpoint"]
        self._in_line_seconds: float = product["seconds"] or IN_LINE_SECONDS
        self._state = state_at(state, product["slug"], self._surroundings.environ)
        hands_down = self._hands_down
        self._decision = Decision(compiled, self._surroundings, self._state, hands_down=hands_down)
        self._follow(self._decision)
        self._decision.go_on_forgetting()
        if self._decision.tell():
            self._decide()
        if self._is_on and loaded.get("runs"):
            from glasshouse_sdk.runs import this_run  # for those manifests that tell runs apart

            environ = self._surroundings.environ
            self._run = this_run(product["slug"], environ, hands_down=self._hands_down)
        if unknown := unknown_parts(loaded, parts):
            self._swallow(ValueError(unknown))

    def _decide(self) -> None:
        if self._decision is not None:
            self._decision.decide()
            self._follow(self._decision)

    def _follow(self, decision: Decision) -> None:
        self._is_on = decision.is_on  # first: off holds, whatever becomes of what follows of it
        decision.obey()

    def _known_state(self) -> State:
        if self._state is None:
            raise OSError(NO_PLACE)
        return self._state

    def _begin(self) -> Recorder:
        # Everything that only a product with its telemetry on needs is loaded here.
        from glasshouse_sdk.recording import Recorder

        self._recorder = Recorder(
            self._compiled,
            self._destination(),
            self._known_state(),
            self._surroundings,
            version=self._version,
            instance=self._instance,
            identities=self._identities,
            keys=self._keys,
            origin=self._origin,
            sends_at_exit=self._sends_at_exit,
            run=self._run,
        )
        return self._recorder

    def _destination(self) -> Destination:
        from glasshouse_sdk.destination import Destination  # needed only while it is on

        known = self._surroundings.for_sender()
        return Destination(self._endpoint, self._key, self._compiled, known)

    def _swallow(self, error: Exception) -> None:
        """The one place where an error ends. The host relies on it; strict mode raises it."""
        if type(error).__name__ == "TurnedOffError" and self._recorder is not None:
            self._is_on = False
            self._recorder = None
            self._decide()
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
