"""How `--help` looks: every command says what it does, and its example can be copied."""

import argparse
from typing import Any

EXAMPLE = ("Example:", "Examples:")
BETWEEN = "  ·  "
"""Stands between several examples."""


class CommandHelp(argparse.HelpFormatter):
    """Does not break examples into lines: a word that is cut at its hyphen is another command."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        says, _, examples = text.partition(" ")
        if says not in EXAMPLE:
            return super()._fill_text(text, width, indent)
        lines = [says, *(f"  {example.strip()}" for example in examples.split(BETWEEN))]
        return "\n".join(indent + line for line in lines)


class _Commands(argparse._SubParsersAction):  # type: ignore[type-arg]  # noqa: SLF001 (no public name)
    def add_parser(self, name: str, **options: Any) -> Any:
        """What the list of commands says of one stands in its own help as well."""
        says = str(options.get("help", ""))
        options.setdefault("description", f"{says[:1].upper()}{says[1:]}.")
        return super().add_parser(name, **options)


class CommandParser(argparse.ArgumentParser):
    """A parser whose commands are parsers like itself."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options.setdefault("formatter_class", CommandHelp)
        super().__init__(*arguments, **options)

    def add_subparsers(self, **options: Any) -> Any:
        options.setdefault("action", _Commands)
        return super().add_subparsers(**options)
