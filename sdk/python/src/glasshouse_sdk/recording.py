"""The recorder: everything that a product with its telemetry on needs, and nothing before."""

from __future__ import annotations

import atexit
import os
import time

from glasshouse_sdk import tallies
from glasshouse_sdk.allowance import read_allowance
from glasshouse_sdk.anonymising import derived_id, keyed_hash
from glasshouse_sdk.claims import claims, open_files
from glasshouse_sdk.consent import decide
from glasshouse_sdk.destination import Destination, keep_destination
from glasshouse_sdk.detecting import personal
from glasshouse_sdk.grace import begin, quiet_until
from glasshouse_sdk.items import ItemEncoder, declared_path, fixed_tail, is_ended
from glasshouse_sdk.launching import has_ended, launch
from glasshouse_sdk.projects import keep_project, project_mark
from glasshouse_sdk.schedule import read_delivery
from glasshouse_sdk.spool import Spool, TurnedOffError
from glasshouse_sdk.state import State, random_secret, random_uuid, remove
from glasshouse_sdk.surroundings import variables
from glasshouse_sdk.values import RefusedError, is_version, rfc3339
from glasshouse_sdk.versions import plain_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Literal

    from glasshouse_sdk.consent import Consent
    from glasshouse_sdk.occasions import Occasions
    from glasshouse_sdk.runs import Run
    from glasshouse_sdk.surroundings import Surroundings

    Delivered = Literal["acknowledged", "waiting", "given-up"]

_random = os.urandom
LOOK_EVERY = 60_000_000  # microseconds between looks whether a sender is due
LONGEST_IDENTITY = 256
POLL = 0.01  # seconds between looks at a sender that is waited for
THREAD_MARGIN = 0.1


class Recorder:
    """Encodes items, appends them to the spool, and starts senders."""

    __slots__ = (
        "_allowance", "_append", "_compiled", "_consent", "_destination", "_environ", "_identities",
        "_instance", "_items", "_keys", "_next_look", "_occasions", "_origin", "_quiet_until",
        "_release", "_run", "_second", "_second_text", "_sender", "_state", "_surroundings",
        "_today", "_version", "_way",
    )  # fmt: skip

    def __init__(
        self,
        compiled: Mapping[str, Any],
        destination: Destination,
        state: State,
        surroundings: Surroundings,
        *,
        version: str | None,
        instance: str | None,
        identities: Mapping[str, str],
        keys: Mapping[str, str],
        origin: str,
        sends_at_exit: bool,
        run: Run | None = None,
    ) -> None:
        if version is not None and not is_version(version):
            raise RefusedError("wrong_type", "a version: letters, digits and .+~:_-, at most 64")
        self._compiled = compiled
        self._destination = destination
        self._state = state
        self._environ = surroundings.environ
        self._surroundings = surroundings
        self._way: str = compiled["product"]["way"]
        words = frozenset(compiled["product"].get("version_words", ()))
        self._release = version  # as it is; what leaves is made plain
        self._version = None if version is None else plain_version(version, words)
        self._run = run
        self._identities = identities
        self._keys = keys
        self._origin = origin
        self._today = time.strftime("%Y-%m-%d", time.gmtime())
        self._items: dict[str, ItemEncoder | None] = {}
        self._consent = decide(compiled, surroundings, state)
        self._allowance = read_allowance(state, compiled["digest"])
        self._second = -1
        self._second_text = ""
        self._occasions: Occasions | None = None
        self._sender: int | None = None
        stream = compiled["digest"].removeprefix("sha256:") + "." + origin
        if surroundings.project is not None:
            stream += "." + project_mark(surroundings.project)
        self._append = Spool(state, stream, self._is_allowed).append
        state.make()
        if instance is None:
            instance = _own_instance(state)
        elif destination.wire == "native":  # which carries a proof, whoever named the instance
            state.once("secret", random_secret)
        self._instance = self._identity("instance", instance)
        if surroundings.project is not None:
            keep_project(state, surroundings.project)
        keep_destination(state, destination)
        begin(state, compiled["product"], time.time(), _chance())
        self._quiet_until = quiet_until(state, compiled["product"], self._consent)
        self._next_look = 0
        if self._way == "detached":
            self._next_look = time.time_ns() // 1000 + LOOK_EVERY
        if sends_at_exit and self._way in ("detached", "inline"):
            atexit.register(self._leave, os.getpid())

    def record(self, name: str, fields: Mapping[str, Any]) -> bool:
        """Write one item; False if it stays at home, though the manifest declares it.

        Raises `RefusedError`, `OSError`, `TurnedOffError`.
        """
        try:
            item = self._items[name]
        except KeyError:
            item = self._items[name] = self._item(name)
        if item is None:
            return False
        now = time.time_ns() // 1000
        if now > self._next_look:
            self._look(now)
        second, rest = divmod(now, 1_000_000)
        if second != self._second:
            # The second goes last: a signal handler may record between the two.
            self._second_text = rfc3339(now)[:20]
            self._second = second
        self._append(item.line(_random(16).hex(), f"{self._second_text}{rest:06d}Z", fields))
        return True

    def record_all(self, items: Sequence[tuple[str, Mapping[str, Any]]], at: int, seed: str) -> int:
        """Write items of one moment (nanoseconds), all or none: how many did not stay at home.

        The same items, moment and seed give the same ids. Raises as `record` does.
        """
        moment = rfc3339(at // 1000)
        lines = []
        for number, (name, fields) in enumerate(items):
            path = declared_path(name, self._compiled["items"])
            if path not in self._items:
                self._items[path] = self._item(path)
            item = self._items[path]
            if item is not None:
                source = f"{self._instance}\0{seed}\0{at}\0{number}\0{path}"
                lines.append(item.line(derived_id(source), moment, fields))
        for line in lines:
            self._append(line)
        return len(lines)

    def record_when_due(self, name: str, collect: Callable[[], Mapping[str, Any]]) -> bool:
        """Collect and write an item if one of its occasions has come."""
        from glasshouse_sdk.occasions import (
            Occasions,
        )  # for those products alone that leave it to us

        path = declared_path(name, self._compiled["items"])
        if path not in self._items:
            self._items[path] = self._item(path)
        if self._items[path] is None:
            return False  # what stays at home is not even collected
        if self._occasions is None:
            self._occasions = Occasions(self._state, self._release)
        occasions = tuple(self._compiled["items"][path]["occasions"])
        return self._occasions.record_when_due(
            path, occasions, lambda: self.record(path, collect()), time.time(), _chance()
        )

    def count(self, reason: str) -> None:
        tallies.count(self._state, reason)

    def send(self, seconds: float) -> Delivered:
        """Send what is there, for so many seconds at most: what became of it."""
        if self._is_quiet():
            return "waiting"
        lost = tallies.lost(self._state)
        self._send_and_wait(seconds)
        if decide(self._compiled, self._surroundings, self._state).is_all_off:
            return "given-up"
        if open_files(self._state) or claims(self._state):
            return "waiting"
        return "given-up" if tallies.lost(self._state) > lost else "acknowledged"

    def _item(self, name: str) -> ItemEncoder | None:
        """The encoder of an item; None if its channel is off or its time is over."""
        path = declared_path(name, self._compiled["items"])
        facts = self._compiled["items"][path]
        is_over = facts["ends"] is not None and facts["ends"] < self._today
        seen = self._consent.seen
        # An item, or a field that it cannot be without, that the person has not heard of yet.
        is_news = facts["since"] > seen or any(
            field["since"] > seen for field in facts["fields"].values() if field.get("required")
        )
        if is_over or is_news or not self._allowance.wants(path):
            return None
        if is_ended(facts, self._today) or self._is_counted_above(facts):
            return None
        unwanted = self._allowance.unwanted(path, facts["fields"])
        if any(facts["fields"][name].get("required") for name in unwanted):
            return None
        if self._consent.states[facts["channel"]] == "off":
            return None
        identities = {
            who: self._identity(who, self._identities[who])
            for who in facts["identities"]
            if who in self._identities and self._has_key(who)
        }
        return ItemEncoder(
            path,
            facts,
            tail=fixed_tail(self._instance, self._version, identities),
            today=self._today,
            seen=seen,
            unwanted=unwanted,
            secret=self._secret,
            filled_in=None if self._run is None else self._run.filled_in(facts["fields"]),
        )

    def _is_counted_above(self, facts: Mapping[str, Any]) -> bool:
        """Whether the run that has started this one counts the item for both."""
        return self._run is not None and self._run.is_nested and facts.get("nested") == "skip"

    def _identity(self, name: str, value: str) -> str:
        """The identity as it leaves: hashed here if the manifest says that it is."""
        if not 0 < len(value) <= LONGEST_IDENTITY:
            raise RefusedError("wrong_type", f"1 to {LONGEST_IDENTITY} characters as {name}")
        declared = self._compiled["identities"].get(name, {})
        if declared.get("made") == "keyed-hash":
            key = self._keys.get(name)  # one that several machines share
            return keyed_hash(self._secret() if key is None else bytes.fromhex(key))(value)
        kind = personal(value)
        if kind is not None:
            raise RefusedError("looks_personal", f"something else than {kind} as {name}")
        return value

    def _has_key(self, name: str) -> bool:
        """An identity whose key is shared is left out where that key is not at hand."""
        return name in self._keys or self._compiled["identities"].get(name, {}).get("key") is None

    def _secret(self) -> bytes:
        return bytes.fromhex(self._state.once("secret", random_secret))

    def _is_allowed(self) -> bool:
        return not self.ask_again().is_all_off

    def ask_again(self) -> Consent:
        """Decide anew, and encode by what was decided from now on."""
        consent = decide(self._compiled, self._surroundings, self._state)
        if (consent.states, consent.seen) != (self._consent.states, self._consent.seen):
            self._items.clear()
        self._consent = consent
        self._quiet_until = quiet_until(self._state, self._compiled["product"], consent)
        return consent

    def _look(self, now: int) -> None:
        """Once a minute at most: is a sender due for what this or an earlier run left?"""
        first = self._next_look == 0
        self._next_look = now + LOOK_EVERY if self._way == "detached" else 1 << 62
        if self._sender is not None and has_ended(self._sender):
            self._sender = None
        if self._way == "detached" or (first and self._way == "next-run"):
            self._launch_if_due()

    def _leave(self, process: int) -> None:
        """At the end of the process: the one exit that counts is that of who recorded."""
        if os.getpid() != process:
            return
        try:
            if self._way == "inline" and not self._is_quiet():
                self._send_and_wait(self._compiled["product"]["seconds"])
            elif self._way == "detached":
                self._launch_if_due()
        except Exception:  # noqa: BLE001, S110 — a host that ends must end as if we were not there
            pass

    def _launch_if_due(self) -> None:
        if (
            self._sender is None
            and not self._is_quiet()
            and self._is_waiting()
            and read_delivery(self._state).is_due(time.time())
        ):
            self._sender = launch(
                self._state.directory, variables(self._compiled["switches"]), self._environ
            )

    def _is_quiet(self) -> bool:
        """Whether it is too early to send by oneself: the grace period, and this one's share."""
        return self._quiet_until > 0.0 and time.time() < self._quiet_until

    def _is_waiting(self) -> bool:
        """Whether there is something that may be sent."""
        return self._consent.may_send and bool(open_files(self._state) or claims(self._state))

    def _send_and_wait(self, seconds: float) -> None:
        """In line: the sender is a process all the same, so that a hanging name look-up ends."""
        if not self._is_waiting():
            return
        give_up = time.monotonic() + seconds
        names = variables(self._compiled["switches"])
        directory = self._state.directory
        process = launch(directory, names, self._environ, lifetime=seconds, asked=True)
        if process is None:
            self._send_in_thread(seconds)
            return
        while not has_ended(process):
            if time.monotonic() > give_up:
                _end(process)
                return
            time.sleep(POLL)

    def _send_in_thread(self, seconds: float) -> None:
        """A frozen program has no Python to start: send here, and leave a hanging thread behind."""
        import threading  # only where nothing else can keep the deadline

        from glasshouse_sdk.sender.delivery import deliver_all

        deadline = time.time() + seconds - THREAD_MARGIN
        worker = threading.Thread(
            target=deliver_all, args=(self._state, self._environ, deadline), daemon=True
        )
        worker.start()
        worker.join(seconds)


def _chance() -> float:
    return int.from_bytes(_random(4), "big") / 2**32


def _own_instance(state: State) -> str:
    """The instance's random id; a new one if the secret that proves it was lost."""
    # In this order: of two processes that make both, each sees a secret where it sees an id.
    if state.read("instance") and not state.read("secret"):
        remove(state.path("instance"))
    state.once("secret", random_secret)
    return state.once("instance", random_uuid)


def _end(process: int) -> None:
    from _signal import SIGKILL  # type: ignore[import-not-found]  # `signal` itself loads `enum`

    try:
        os.kill(process, SIGKILL)
        os.waitpid(process, 0)
    except (ProcessLookupError, ChildProcessError):
        pass


__all__ = ["Recorder", "RefusedError", "TurnedOffError"]
