"""`glasshouse ask QUESTION --product SLUG`: an insight on the terminal."""

import argparse
import sys
from typing import Any

from glasshouse.cli.connection import add_arguments, connected
from glasshouse.cli.tables import add_format, print_json, print_table
from glasshouse.insight.exporting import answer_csv
from glasshouse.insight.question import Question
from glasshouse.insight.questions import QUESTIONS
from glasshouse.model import Origin


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "ask",
        help="ask a question of the data; without one, list them all",
        description="Ask a question of the data. Without a question, list them all.",
        epilog="Example:  glasshouse ask active_instances --product psmdb --by week --format csv",
    )
    parser.add_argument("question", nargs="?", help="the question's name")
    parser.add_argument("--product", metavar="SLUG", help="the product that is asked about")
    parser.add_argument("--from", dest="first", metavar="DAY", help="first day, as 2026-01-31")
    parser.add_argument("--to", dest="last", metavar="DAY", help="last day, included")
    parser.add_argument("--period", metavar="NAME", help="7d, 30d, 90d (the default) or 12m")
    parser.add_argument("--by", metavar="STEP", help="day (the default), week or month")
    parser.add_argument(
        "--where", action="append", metavar="NAME=VALUE", default=[],
        help="a word of the question, or a condition on instances: on version, country, region, "
        "organization or a declared field, with = (is), != (is not) or ~ (contains); may be "
        "repeated; docs/reference/questions.md has the words of each question",
    )  # fmt: skip
    parser.add_argument(
        "--compare", metavar="previous", help="each figure beside that of the period before"
    )
    parser.add_argument(
        "--origin", metavar="ORIGIN",
        help=f"{', '.join(Origin)}; production unless given, and never mixed",
    )  # fmt: skip
    add_format(parser)
    add_arguments(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the answer; with no question, what can be asked."""
    if options.question is None:
        _list_questions(options.format)
        return 0
    given = {
        "product": options.product,
        "from": options.first,
        "to": options.last,
        "period": options.period,
        "by": options.by,
        "origin": options.origin,
        "compare": options.compare,
    }
    words = {name: [value] for name, value in given.items() if value is not None}
    if options.where:
        words["where"] = options.where
    with connected(options) as connection:
        answer = connection.ask(options.question, words)
    _SHOW[options.format](answer)
    return 0


def _show_table(answer: dict[str, Any]) -> None:
    period = f"{answer['from']} to {answer['to']}"
    origin = "" if answer["origin"] == Origin.PRODUCTION else f", {answer['origin'].upper()}"
    title = f"{answer['title']} of {answer['product']}, {period}{origin}"
    print_table(answer["columns"], answer["rows"], title)
    for condition in answer["conditions"]:
        print(f"Only instances whose {condition}.")
    for note in answer["notes"]:
        print(note)


def _show_csv(answer: dict[str, Any]) -> None:
    # The text has its own line ends; a text stream would double them on some systems.
    sys.stdout.write(answer_csv(answer).replace("\r\n", "\n"))


_SHOW = {"table": _show_table, "json": print_json, "csv": _show_csv}


def _list_questions(form: str) -> None:
    if form == "json":
        print_json([_facts(question) for question in QUESTIONS.values()])
        return
    for question in QUESTIONS.values():
        print(f"{question.name}\n    {question.answers}\n    {question.example}\n")


def _facts(question: Question) -> dict[str, Any]:
    return {
        "name": question.name,
        "answers": question.answers,
        "where": list(question.filters),
        "example": question.example,
    }
