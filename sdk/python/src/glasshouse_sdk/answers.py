"""What the person said with `on` or `off`, kept in the state directory.

    {"*": {"says": "off", "at": "2026-11-22T07:00:00Z", "by": "glasshouse-sdk off", "version": 1}}

Keys are channels; `*` is every channel, those of later versions too; `version` is the consent
version that the person answered to. A file that is there and
cannot be read or understood means off for everything.
"""

from __future__ import annotations

from glasshouse_sdk.jsontext import parsed, quoted
from glasshouse_sdk.state import ANSWER, State

EVERY = "*"
SAYINGS = ("on", "off")


class Answer:
    """One answer: for which channel, on or off, when, by which means, to which consent version."""

    __slots__ = ("at", "by", "channel", "says", "version")

    def __init__(self, channel: str, says: str, at: str, by: str, version: int = 1) -> None:
        self.channel = channel
        self.says = says
        self.at = at
        self.by = by
        self.version = version


class UnreadableAnswersError(Exception):
    """The file of answers is there and cannot be understood: everything is off."""


def read_answers(state: State) -> dict[str, Answer]:
    """The answers by channel. Raises `UnreadableAnswersError`."""
    try:
        text = state.read(ANSWER)
        raw = {} if text is None else parsed(text)
        answers = {
            channel: Answer(
                channel,
                facts["says"],
                str(facts["at"]),
                str(facts["by"]),
                int(facts.get("version", 1)),
            )
            for channel, facts in raw.items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableAnswersError(str(error) or type(error).__name__) from None
    if any(answer.says not in SAYINGS for answer in answers.values()):
        raise UnreadableAnswersError("an answer that is neither on nor off")
    return answers


def give_answer(
    state: State,
    channels: tuple[str, ...],
    channel: str,
    *,
    says: str,
    at: str,
    by: str,
    version: int,
) -> None:
    """Keep an answer for one of the product's channels, or for `EVERY` one."""
    try:
        answers = {} if channel == EVERY else read_answers(state)
    except UnreadableAnswersError:
        # A file that nobody understands meant off for everything, and that stays so for the rest.
        answers = {EVERY: Answer(EVERY, "off", at, "an answer that could not be read")}
    general = answers.get(EVERY)
    if general is not None and general.says != says:
        del answers[EVERY]
        for other in channels:
            answers.setdefault(
                other, Answer(other, general.says, general.at, general.by, general.version)
            )
    answers[channel] = Answer(channel, says, at, by, version)
    state.make_root()
    state.write(ANSWER, _as_text(answers), lasting=True)


def _as_text(answers: dict[str, Answer]) -> str:
    lines = (
        f"{quoted(answer.channel)}: {{"
        f'"says": {quoted(answer.says)}, "at": {quoted(answer.at)}, "by": {quoted(answer.by)}, '
        f'"version": {answer.version}}}'
        for answer in answers.values()
    )
    return "{" + ",\n ".join(lines) + "}\n"
