"""The one function that decides whether telemetry is on, and what it decided by.

Any off wins for the channels it covers. What cannot be read or understood is off. If nothing says
off, but something asks, the state is `ask` until the person answers: items are held, none is sent.
"""

from __future__ import annotations

from glasshouse_sdk.answers import EVERY, UnreadableAnswersError, read_answers
from glasshouse_sdk.environment import DO_NOT_TRACK, REFUSED
from glasshouse_sdk.jsontext import parsed
from glasshouse_sdk.state import ENDED
from glasshouse_sdk.switches import Finding, read_switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from glasshouse_sdk.state import State

WIDER_THAN_PRODUCT = (DO_NOT_TRACK, REFUSED)


class Consent:
    """The state of every channel, the finding that decided it, and all findings there were."""

    __slots__ = ("deciders", "findings", "states")

    def __init__(
        self,
        states: Mapping[str, str],
        deciders: Mapping[str, Finding | None],
        findings: tuple[Finding, ...],
    ) -> None:
        self.states = states
        self.deciders = deciders
        self.findings = findings

    @property
    def is_all_off(self) -> bool:
        return all(state == "off" for state in self.states.values())

    @property
    def may_send(self) -> bool:
        return "on" in self.states.values()

    def to_keep(self) -> Finding | None:
        """The refusal given at installation that later installations must find again."""
        refusals = [finding for finding in self.findings if finding.says == "off"]
        if any(finding.name in WIDER_THAN_PRODUCT for finding in refusals):
            return None  # it covers everything and asks for not a trace, so none is left
        return next((finding for finding in refusals if finding.sticky), None)


def decide(compiled: Mapping[str, Any], environ: Mapping[str, str], state: State | None) -> Consent:
    """The consent that holds now, for every channel of the manifest."""
    channels = tuple(compiled["channels"])
    findings = tuple(_findings(compiled, environ, state))
    deciders = {channel: _decider(channel, findings) for channel in channels}
    default = compiled["product"]["default"]
    states = {
        channel: default if decider is None or decider.says is None else decider.says
        for channel, decider in deciders.items()
    }
    return Consent(states, deciders, findings)


def _decider(channel: str, findings: tuple[Finding, ...]) -> Finding | None:
    concerned = [f for f in findings if channel in f.covers or EVERY in f.covers]
    return (
        next((f for f in concerned if f.says == "off"), None)
        or next((f for f in concerned if f.says == "on" and f.kind == "answer"), None)
        or next((f for f in concerned if f.says == "ask"), None)
    )


def _findings(
    compiled: Mapping[str, Any], environ: Mapping[str, str], state: State | None
) -> Iterator[Finding]:
    slug = compiled["product"]["slug"]
    yield _read_do_not_track(environ)
    if slug in environ.get(REFUSED, "").split():
        yield _refusal(REFUSED, environ[REFUSED], "the process that started this one")
    for switch in compiled["switches"]:
        yield read_switch(switch, environ)
    if state is not None:
        yield from _read_answers(state)
        yield from _read_ended(state, compiled["digest"])


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


def _read_answers(state: State) -> Iterator[Finding]:
    where = state.path("answer.json")
    try:
        answers = read_answers(state)
    except UnreadableAnswersError as error:
        note = f"cannot be read ({error}), so it is off"
        yield Finding("answer", "answer", "off", covers=(EVERY,), where=where, note=note)
        return
    for answer in answers.values():
        yield Finding(
            "answer",
            answer.by,
            answer.says,
            covers=(answer.channel,),
            value=answer.says,
            where=where,
            note=f"given {answer.at}",
        )


def _read_ended(state: State, digest: str) -> Iterator[Finding]:
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
