"""Writes the pages of docs/ that are made from the code; `--check` compares instead.

A page is made from the same table or parser that the program goes by, so neither can say
something that the other does not.
"""

import argparse
import ast
import inspect
import logging
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from glasshouse import settings
from glasshouse.cli.main import parser as server_parser
from glasshouse.console.endpoints import NEEDED, OPEN
from glasshouse.console.errors import ERRORS
from glasshouse.insight.question import CONDITIONS, FILTERS
from glasshouse.insight.questions import QUESTIONS
from glasshouse.model import REASONS
from glasshouse.notices import NOTICES
from glasshouse.people.rights import NEVER_RAW, RIGHT_WORDS, RIGHTS, Role, rights_of
from glasshouse_sdk.cli.main import _parser as sdk_parser
from glasshouse_sdk.manifest import vocabulary
from glasshouse_sdk.manifest.browser import BROWSER
from glasshouse_sdk.manifest.vocabulary import Key

DOCS = Path(__file__).parents[1] / "docs"
MADE = "<!-- Made from the code by `make reference`; change it there. -->\n"

TABLES: Sequence[tuple[str, str, Mapping[str, Key]]] = (
    ("[product]", "The product and how its telemetry behaves.", vocabulary.PRODUCT),
    ("[purpose.NAME]", "Why data is collected; items name one.", vocabulary.PURPOSE),
    ("[identity.NAME]", "Whose an item is. NAME is one of {identities}.", vocabulary.IDENTITY),
    ("[[switch]]", "One way to turn channels off.", vocabulary.SWITCH),
    (
        "[part] in a part's own file",
        "A part of a product, such as a plugin; `product.parts` names the files.",
        vocabulary.PART,
    ),
    ("[[promise]]", "A sentence that the disclosure page repeats.", vocabulary.PROMISE),
    ("[event.NAME] and [snapshot.NAME]", "What may be sent.", vocabulary.ITEM),
    (
        "[event.NAME.fields.NAME] and [snapshot.NAME.fields.NAME]",
        "One declared value.",
        vocabulary.FIELD,
    ),
    (
        "[doors.NAME]",
        "How a foreign wire format's names map onto declared ones. NAME is one of {doors}.",
        vocabulary.DOOR,
    ),
    (
        "[browser]",
        "What the product's web pages may send, and what the consent banner says.",
        BROWSER,
    ),
)


def access_page() -> str:
    """Every endpoint and who may reach it."""
    kinds = [
        (role, raw) for role in Role for raw in (False, True) if not (raw and role in NEVER_RAW)
    ]
    parts = ["# Access\n", MADE, "\nWho may what. Raw access is given to a person beside a role.\n"]
    parts.append("\n## Rights\n\n| right | what it lets one see and do | roles |\n|---|---|---|\n")
    for right, words in RIGHT_WORDS.items():
        roles = (
            ", ".join(role for role in Role if right in RIGHTS[role]) or "whom an admin gives it"
        )
        parts.append(f"| {right} | {words} | {roles} |\n")
    parts.append("\n## Endpoints\n\n")
    heads = [f"{role}{' + raw' * raw}" for role, raw in kinds]
    parts.append(f"| method | path | right | {' | '.join(heads)} |\n")
    parts.append("|---|---|---|" + "---|" * len(kinds) + "\n")
    for (method, path), right in NEEDED.items():
        cells = " | ".join("yes" if right in rights_of(r, raw=w) else "no" for r, w in kinds)
        parts.append(f"| {method} | `{path}` | {right} | {cells} |\n")
    parts.append(
        "\n## Open to everybody who reaches the port\n\n| method | path | what |\n|---|---|---|\n"
    )
    parts.extend(f"| {method} | `{path}` | {words} |\n" for (method, path), words in OPEN.items())
    parts.append(
        "\nUnder `/api/`, a browser's session is enough only to read with the right `see`; all else"
        " takes a token. The doors have write keys of their own: [doors](doors.md).\n"
    )
    return "".join(parts)


def cli_page() -> str:
    """Every command of both programs. Not as `--help` prints it: that varies with the Python."""
    parts = ["# Commands\n", MADE]
    for top in (server_parser(), sdk_parser()):
        for parser in _with_commands(top):
            parts.append(f"\n{'##' if parser is top else '###'} {parser.prog}\n")
            if parser.description:
                parts.append(f"\n{parser.description}\n")
            if parser.epilog:
                says, _, example = parser.epilog.partition(":")
                parts.append(f"\n{says}: `{example.strip()}`\n")
            parts.extend(_arguments(parser))
    return "".join(parts)


def _with_commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:  # noqa: SLF001 (argparse has no public way to list them)
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 (as above)
            for command in action.choices.values():
                yield from _with_commands(command)


def _arguments(parser: argparse.ArgumentParser) -> Iterator[str]:
    head = "\n| argument | what it says |\n|---|---|\n"
    for action in parser._actions:  # noqa: SLF001 (as above)
        if isinstance(action, argparse._HelpAction | argparse._VersionAction):  # noqa: SLF001
            continue
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 (as above)
            shown = [f"`{name}`: {says}" for name, says in _choices(action)]
            yield "\n" + "\n".join(f"- {line}" for line in shown) + "\n"
            continue
        value = _value(action)
        names = ", ".join(f"{flag}{value}" for flag in action.option_strings) or value.strip()
        yield f"{head}| `{names}` | {(action.help or '').replace('|', chr(92) + '|')} |\n"
        head = ""


def _choices(action: "argparse._SubParsersAction[argparse.ArgumentParser]") -> Iterator[Any]:
    for choice in action._choices_actions:  # noqa: SLF001 (where argparse keeps the help)
        yield choice.dest, choice.help


def _value(action: argparse.Action) -> str:
    """What stands behind a flag, with a blank before it; of a positional argument its name."""
    if action.nargs == 0:
        return ""
    if action.choices is not None and action.metavar is None:
        return " " + "|".join(map(str, action.choices)).replace("|", chr(92) + "|")
    if isinstance(action.metavar, str):
        return f" {action.metavar}"
    return f" {action.dest.upper()}"


def manifest_page() -> str:
    """Every key that a manifest may hold."""
    named = {
        "identities": _listed(vocabulary.IDENTITIES),
        "doors": _listed(vocabulary.DOORS),
    }
    parts = [
        "# The manifest\n",
        MADE,
        "\nA TOML file. `glasshouse manifest new SLUG` begins one, `glasshouse manifest check`",
        "\nlists everything that is wrong with one, and `protocol/manifest.schema.json` lets an",
        "\neditor do so while you type.\n",
    ]
    for title, says, keys in TABLES:
        parts.append(f"\n## {title}\n\n{says.format(**named)}\n\n")
        parts.append("| key | holds | default | what it says |\n|---|---|---|---|\n")
        parts.extend(_key_row(name, key) for name, key in keys.items())
    parts.append(f"\nOccasions: {_listed(vocabulary.OCCASIONS)}, or `every 24h` and the like.\n")
    return "".join(parts)


def _key_row(name: str, key: Key) -> str:
    holds = _listed(key.values) if key.values else key.shape.replace("-", " ")
    if key.required:
        default = "required"
    elif key.default in (None, (), ""):
        default = ""
    elif isinstance(key.default, tuple):
        default = _listed(key.default)
    else:
        default = f"`{str(key.default).lower()}`"
    return f"| `{name}` | {holds} | {default} | {key.says} |\n"


def settings_page() -> str:
    """Every setting of the server with its variable and default."""
    says = _docstrings_of_fields(settings.Settings)
    parts = [
        "# Settings of the server\n",
        MADE,
        "\nA flag of `glasshouse serve`, where there is one, wins over the variable.\n",
        "\n| variable | default | what it says |\n|---|---|---|\n",
    ]
    for field in fields(settings.Settings):
        default = "" if field.default in (MISSING, None, ()) else f"`{field.default}`"
        variable = f"GLASSHOUSE_{field.name.upper()}"
        parts.append(f"| `{variable}` | {default} | {says[field.name]} |\n")
    return "".join(parts)


def _docstrings_of_fields(record: type) -> dict[str, str]:
    """The string below each field; Python itself forgets them."""
    (body,) = ast.parse(inspect.getsource(record)).body
    assert isinstance(body, ast.ClassDef)  # noqa: S101 (the source of a class)
    says = {}
    for above, below in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(above, ast.AnnAssign)
            and isinstance(above.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            says[above.target.id] = " ".join(str(below.value.value).split())
    return says


def reasons_page() -> str:
    """Every reason for which an item is not stored."""
    parts = [
        "# Reasons\n",
        MADE,
        "\nWhy an item, or a field of one, was not taken: in the answers of the native door, in\n",
        "`/health/accounting`, and on the product's page.\n",
        "\n| reason | what it means |\n|---|---|\n",
    ]
    parts.extend(f"| `{reason.value}` | {says} |\n" for reason, says in REASONS.items())
    return "".join(parts)


def questions_page() -> str:
    """Every question, as its own file explains it."""
    parts = [
        "# Questions\n",
        MADE,
        "\nAsked by `glasshouse ask QUESTION --product SLUG`, and at `GET /api/v1/ask/QUESTION`.\n",
        "\nEvery question takes `from` and `to`, or `period`; `origin`; and `compare=previous`,",
        "\nwhich sets each figure beside that of the period before. Those that are answered per",
        "\nday, week or month take `by`. `where` holds the words of a question, and conditions on",
        "\ninstances, of which all must hold:\n",
        f"\n{textwrap.fill(CONDITIONS, 100)}.\n",
        "\nThe value that counts is the one as of the end of the period.\n",
        "\nA question marked *raw* tells of single organizations: it needs raw access.\n",
        "\n| word | what it says |\n|---|---|\n",
        *(f"| `{name}` | {_cell(says)} |\n" for name, says in FILTERS.items()),
    ]
    for question in QUESTIONS.values():
        explained = inspect.getdoc(sys.modules[question.answer.__module__]) or ""
        words = [f"`{w}`" + (" (required)" if w in question.required else "")
                 for w in question.filters]  # fmt: skip
        takes = [*(["`by`"] if question.steps else []), *words]
        raw = " *raw*" if question.raw else ""
        parts.append(f"\n## {question.name}{raw}\n\n*{question.answers}*\n\n{explained}\n")
        parts.append(f"\nTakes: {', '.join(takes)}.\n" if takes else "")
        parts.append(f"\n    {question.example}\n")
    return "".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def errors_page() -> str:
    """Every error of the interface."""
    parts = [
        "# Errors of the interface\n",
        MADE,
        "\nWhat `/api/v1` answers when it does not do what was asked: a JSON object with `error`,",
        "\none of these, and `message`, a sentence for people. The set is closed; doors have",
        "\n[reasons](reasons.md) instead.\n",
        "\n| error | status | what it means |\n|---|---|---|\n",
    ]
    for name, (statuses, says) in ERRORS.items():
        parts.append(f"| `{name}` | {', '.join(map(str, statuses))} | {says} |\n")
    return "".join(parts)


def log_page() -> str:
    """Every notice of the server's log."""
    parts = [
        "# The server's log\n",
        MADE,
        "\nOn standard error, a notice a line: `glasshouse serve --log-format json`, or",
        "\n`GLASSHOUSE_LOG_FORMAT`. JSON and logfmt lines begin with `at`, `level` and `event`. No",
        "\nfact is an address, an id or a value that a client sent.\n",
        "\n| event | level | facts | what it means |\n|---|---|---|---|\n",
    ]
    for notice, (level, facts, says) in NOTICES.items():
        name = logging.getLevelName(level).lower()
        parts.append(f"| `{notice.value}` | {name} | {_listed(facts)} | {says} |\n")
    return "".join(parts)


def decisions_page() -> str:
    """The index of the decisions, by the titles of their pages."""
    parts = [
        "# Decisions\n",
        MADE,
        "\nWhat others must live with, one page each: what was decided, against what, and what",
        "\nfollows. Headings: Status, Context, Options, Decision, Consequences. Numbers are given",
        "\nin ranges, so that parts can be written side by side; a gap means nothing. A page is",
        "\nnot rewritten: a later one replaces it, and its status says so.\n\n",
    ]
    for page in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        title = page.read_text().partition("\n")[0].removeprefix("# ")
        parts.append(f"- [{title}]({page.name})\n")
    return "".join(parts)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


MAKERS: Mapping[str, Callable[[], str]] = {
    "reference/cli.md": cli_page,
    "reference/access.md": access_page,
    "reference/manifest.md": manifest_page,
    "reference/settings.md": settings_page,
    "reference/reasons.md": reasons_page,
    "reference/errors.md": errors_page,
    "reference/log.md": log_page,
    "reference/questions.md": questions_page,
    "decisions/README.md": decisions_page,
}


def stale() -> list[str]:
    """The names of the pages that are not what the code makes."""
    return [
        name
        for name, make in MAKERS.items()
        if not (DOCS / name).exists() or (DOCS / name).read_text() != make()
    ]


def main(words: Sequence[str] | None = None) -> int:
    """0: the pages are what the code makes; 1: with `--check`, they are not."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], epilog="Example:  tools/reference.py --check"
    )
    parser.add_argument("--check", action="store_true", help="compare; write nothing")
    if parser.parse_args(words).check:
        old = stale()
        if old:
            print(f"docs/ is not what the code makes: {', '.join(old)}; run  make reference")
        return 1 if old else 0
    for name, make in MAKERS.items():
        (DOCS / name).write_text(make())
    return 0


if __name__ == "__main__":
    sys.exit(main())
