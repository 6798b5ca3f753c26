"""Answers on a terminal: as a table for people, as JSON or CSV for scripts."""

import argparse
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

FORMATS = ("table", "json", "csv")

_RIGHT = ("count", "share", "number")


def add_format(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", choices=FORMATS, default="table", help="how it is printed (default: table)"
    )


def print_table(
    columns: Sequence[Mapping[str, str]], rows: Iterable[Mapping[str, Any]], title: str = ""
) -> None:
    """A table with figures to the right. Whatever a cell holds, it cannot steer the terminal."""
    # A pipe has no width; cutting cells there would lose what the next program looks for.
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=10_000)
    table = Table(title=Text(visible(title)) if title else None, title_justify="left",
                  show_edge=False, box=None, pad_edge=False)  # fmt: skip
    for column in columns:
        justify = "right" if column.get("type") in _RIGHT else "left"
        table.add_column(Text(visible(column["title"])), justify=justify)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(_cell(row[c["name"]], c.get("type", ""))) for c in columns))
    console.print(table)


def print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=2))


def visible(text: str) -> str:
    """Control characters as escapes: telemetry may hold sequences that terminals obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return "–"
    if kind == "share":
        return f"{value * 100:.1f}%"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind == "number" and isinstance(value, (int, float)):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, int):
        return f"{value:,}" if kind == "count" else str(value)
    if isinstance(value, (dict, list)):
        return visible(json.dumps(value, ensure_ascii=False))
    return visible(str(value))
