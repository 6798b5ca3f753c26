"""The one function that decides whether telemetry is on, and what it decided by.

Any off wins for the channels it covers. What cannot be read or understood is off. If nothing says
off, but something asks, the state is `ask` until the person answers: items are held, none is sent.
"""

from __future__ import annotations

from glasshouse_sdk.answers import EVERY, UnreadableAnswersError, read_answers
from glasshouse_sdk.environment import DO_NOT_TRACK, REFUSED
from glasshouse_sdk.finding import Finding
from glasshouse_sdk.installation import read_installation
from glasshouse_sdk.jsontext import parsed
from glasshouse_sdk.policies import read_policies
from glasshouse_sdk.state import ANSWER, ENDED
from glasshouse_sdk.switches import read_switch
from glasshouse_sdk.told import read_told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from glasshouse_sdk.answers import Answer
    from glasshouse_sdk.state import State
    from glasshouse_sdk.surroundings import Surroundings
    from glasshouse_sdk.told import Told

WIDER_THAN_PRODUCT = (DO_NOT_TRACK, REFUSED)
FIRST_RUN = "first-run"


class Consent:
    """The state of every channel, the finding that decided it, and all findings there were.

    `seen` is the consent version of what the person knows: an item or field that is newer stays
    at home. `must_tell`: a first-run notice is due.
    """

    __slots__ = ("deciders", "findings", "must_tell", "seen", "states")

    def __init__(
        self,
        states: Mapping[str, str],
        deciders: Mapping[str, Finding | None],
        findings: tuple[Finding, ...],
        seen: int,
        must_tell: bool,
    ) -> None:
        self.seen = seen
        self.must_tell = must_tell
        self.states = states
        self.deciders = deciders
        self.findings = findings

    @property
    def is_all_off(self) -> bool:
        return all(state == "off" for state in self.states.values())

    @property
    def may_send(self) -> bool:
        return "on" in self.states.values()

    @property
    def is_refused_wider(self) -> bool:
        """Whether something refuses that covers more than this product: nothing may leave then."""
        return any(
            f.says == "off" and (f.name in WIDER_THAN_PRODUCT or f.kind == "policy")
            for f in self.findings
        )

    @property
    def is_answered_off(self) -> bool:
        """Whether an answer that is kept already refuses everything."""
        return any(f.kind == "answer" and f.says == "off" and EVERY in f.covers
                   for f in self.findings)  # fmt: skip

    def to_keep(self) -> Finding | None:
        """The refusal given at installation that later installations must find again."""
        if self.is_refused_wider:
            return None  # it covers everything and asks for not a trace, so none is left
        refusals = [finding for finding in self.findings if finding.says == "off"]
        return next((finding for finding in refusals if finding.sticky), None)


def decide(compiled: Mapping[str, Any], surroundings: Surroundings, state: State | None) -> Consent:
    """The consent that holds now, for every channel of the manifest."""
    product = compiled["product"]
    told = _read_told(product, state)
    answers, unreadable = _read_answers(state)
    findings = (
        *_wider_findings(product["slug"], surroundings),
        *(read_switch(switch, surroundings) for switch in compiled["switches"]),
        *read_installation(surroundings.installation, product["slug"]),
        *unreadable,
        *(_answered(answer, state) for answer in answers if state is not None),
        *_read_ended(state, compiled["digest"]),
        *_not_told(product, told),
    )
    deciders = {channel: _decider(channel, findings) for channel in compiled["channels"]}
    states = {
        channel: product["default"] if decider is None or decider.says is None else decider.says
        for channel, decider in deciders.items()
    }
    seen = _seen(product, told, answers)
    newest = product["consent_version"]
    is_told = max(seen, told.version if told else 0) >= newest and (told or _agreed(answers))
    return Consent(
        states,
        deciders,
        findings,
        seen=seen,
        must_tell=product["notice"] == FIRST_RUN and not is_told,
    )


def _seen(product: Mapping[str, Any], told: Told | None, answers: tuple[Answer, ...]) -> int:
    """The consent version that the person knows. Who was never told holds everything back, and is
    then told all of it; who reads documents knows them, unless an answer was to older ones.
    """
    newest: int = product["consent_version"]
    known = [answer.version for answer in _agreed(answers)]
    if product["notice"] == FIRST_RUN and told is not None:
        known.append(told.version)
    return min(max(known, default=newest), newest)


def _agreed(answers: tuple[Answer, ...]) -> list[Answer]:
    return [answer for answer in answers if answer.says == "on"]


def _decider(channel: str, findings: tuple[Finding, ...]) -> Finding | None:
    concerned = [f for f in findings if channel in f.covers or EVERY in f.covers]
    return (
        next((f for f in concerned if f.says == "off"), None)
        or next((f for f in concerned if f.says == "on" and f.kind == "answer"), None)
        or next((f for f in concerned if f.says == "ask"), None)
    )


def _wider_findings(slug: str, surroundings: Surroundings) -> Iterator[Finding]:
    """What holds for more than this product."""
    environ = surroundings.environ
    yield _read_do_not_track(environ)
    if slug in environ.get(REFUSED, "").split():
        yield _refusal(REFUSED, environ[REFUSED], "the process that started this one")
    yield from read_policies(surroundings.policy, slug)


def _read_do_not_track(environ: Mapping[str, str]) -> Finding:
    value = environ.get(DO_NOT_TRACK)
    says = None if value in (None, "", "0") else "off"
    note = "off is: any value but empty and 0"
    where = "the environment of this process"
    return Finding(
        "environment", DO_NOT_TRACK, says, covers=(EVERY,), value=value, where=where, note=note
    )


def _refusal(name: str, value: str, where: str) -> Finding:
    return Finding("environment", name, "off", covers=(EVERY,), value=value, where=where)


def _read_answers(state: State | None) -> tuple[tuple[Answer, ...], tuple[Finding, ...]]:
    """The person's answers; or, if they cannot be read, the finding that says so."""
    if state is None:
        return (), ()
    try:
        return tuple(read_answers(state).values()), ()
    except UnreadableAnswersError as error:
        note = f"cannot be read ({error}), so it is off"
        where = state.path(ANSWER)
        return (), (Finding("answer", "answer", "off", covers=(EVERY,), where=where, note=note),)


def _answered(answer: Answer, state: State) -> Finding:
    return Finding(
        "answer",
        answer.by,
        answer.says,
        covers=(answer.channel,),
        value=answer.says,
        where=state.path(ANSWER),
        note=f"given {answer.at}, to consent version {answer.version}",
    )


def _read_told(product: Mapping[str, Any], state: State | None) -> Told | None:
    return read_told(state) if state is not None and product["notice"] == FIRST_RUN else None


def _not_told(product: Mapping[str, Any], told: Told | None) -> Iterator[Finding]:
    """Before the notice was shown, what is on waits."""
    if product["notice"] == FIRST_RUN and told is None and product["default"] == "on":
        note = "not shown yet; it is shown when the product runs on a terminal"
        yield Finding("notice", "first-run notice", "ask", covers=(EVERY,), note=note)


def _read_ended(state: State | None, digest: str) -> Iterator[Finding]:
    if state is None:
        return
    try:
        text = state.read(ENDED)
        ended = {} if text is None else parsed(text)
        if text is not None and ended["digest"] == digest:
            yield Finding(
                "collector",
                "410 Gone",
                "off",
                covers=(EVERY,),
                where=state.path(ENDED),
                note=f"the collector ended this collection on {ended['at']}",
            )
    except (OSError, ValueError, KeyError, TypeError):
        note = "cannot be read, so it is off"
        where = state.path(ENDED)
        yield Finding("collector", "410 Gone", "off", covers=(EVERY,), where=where, note=note)
