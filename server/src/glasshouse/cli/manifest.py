"""`glasshouse manifest check|disclose|diff|new|compile|compose|schema`: the vendor's desk.

No server is needed for any of them.
"""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from glasshouse.cli.errors import CommandError
from glasshouse_sdk.manifest import (
    Manifest,
    ManifestError,
    Problem,
    compile_manifest,
    compiled_text,
    compose,
    difference,
    difference_text,
    disclosure,
    installed,
    lints_of,
    manifest_schema,
    new_manifest,
    of_part,
    read_manifest,
    untold,
)


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "manifest",
        help="check a manifest, print its disclosure page, begin a new one",
        description="Work on the file that declares a product's telemetry.",
        epilog="Example:  glasshouse manifest new shop > shop.toml && "
        "glasshouse manifest check shop.toml",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    check = actions.add_parser(
        "check",
        help="report everything that is wrong with a manifest",
        epilog="Example:  glasshouse manifest check shop.toml    (exit 0: fine, 1: risky, 2: not)",
    )
    check.add_argument("manifest", type=Path, help="its file, TOML")
    check.add_argument(
        "--strict", action="store_true", help="fail (exit 1) on what is only worth a second look"
    )
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(run=run_check)
    disclose = actions.add_parser(
        "disclose",
        help="print the disclosure page (Markdown)",
        epilog="Example:  glasshouse manifest disclose shop.toml > DISCLOSURE.md",
    )
    disclose.add_argument("manifest", type=Path, help="its file, TOML")
    disclose.add_argument(
        "--parts", metavar="A,B", help="the product with these of its parts (default: all)"
    )
    disclose.add_argument("--only", metavar="PART", help="what this part alone sends")
    disclose.set_defaults(run=run_disclose)
    new = actions.add_parser(
        "new",
        help="print a commented manifest to start from",
        epilog="Example:  glasshouse manifest new shop > shop.toml",
    )
    new.add_argument("slug", help="the product's short name: lower-case letters, digits, '-'")
    new.add_argument("--name", help="the product's name as its users know it")
    new.set_defaults(run=run_new)
    compiling = actions.add_parser(
        "compile",
        help="print the JSON that the client reads at run time",
        epilog="Example:  glasshouse manifest compile shop.toml > shop/telemetry.json",
    )
    compiling.add_argument("manifest", type=Path, help="its file, TOML")
    compiling.set_defaults(run=run_compile)
    composing = actions.add_parser(
        "compose",
        help="print a manifest and its parts as one document, as it is registered",
        epilog="Example:  glasshouse manifest compose shop.toml > shop.json",
    )
    composing.add_argument("manifest", type=Path, help="its file, TOML")
    composing.set_defaults(run=run_compose)
    diff = actions.add_parser(
        "diff",
        help="say in words what a newer manifest changes for the people concerned",
        epilog="Example:  glasshouse manifest diff 1.4/shop.toml shop.toml    (exit 0: all is "
        "told, 1: something widens untold, 2: no manifest)",
    )
    diff.add_argument("old", type=Path, help="the older manifest (TOML, composed or compiled)")
    diff.add_argument("new", type=Path, help="the newer one")
    diff.add_argument("--json", action="store_true", help="print the changes as JSON")
    diff.set_defaults(run=run_diff)
    schema = actions.add_parser(
        "schema",
        help="print the JSON Schema of manifests, for editors",
        epilog="Example:  glasshouse manifest schema > manifest.schema.json",
    )
    schema.set_defaults(run=run_schema)


def readable(path: Path) -> Manifest:
    """The manifest, or all that is wrong with it on standard error, and exit status 2."""
    try:
        return read_manifest(path)
    except ManifestError as error:
        raise CommandError(described(path, error), status=2) from None


def composed_source(path: Path) -> bytes:
    """A manifest's own bytes; if it has parts, the one document that they make together."""
    try:
        composition = compose(path)
        return composition.text.encode() if "part" in composition.raw else path.read_bytes()
    except ManifestError as error:
        raise CommandError(described(path, error), status=2) from None


def described(path: Path, error: ManifestError) -> str:
    """All problems, one a line."""
    count = len(error.problems)
    lines = "".join(f"\n  {problem}" for problem in error.problems)
    return f"{path}: {count} problem{'s' if count > 1 else ''}{lines}"


def _number(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def run_check(options: argparse.Namespace) -> int:
    if not options.json:
        manifest = readable(options.manifest)
        fields = sum(len(item.fields) for item in manifest.items.values())
        parts = f" of {len(manifest.parts)} parts and the whole" if manifest.parts else ""
        print(
            f"{options.manifest}: fine. {_number(len(manifest.items), 'item', 'items')}{parts} "
            f"with {_number(fields, 'field', 'fields')}, "
            f"{_number(len(manifest.switches), 'switch', 'switches')}, {manifest.digest}"
        )
        risks = lints_of(manifest)
        for risk in risks:
            print(f"  worth a second look: {risk}", file=sys.stderr)
        return 1 if risks and options.strict else 0
    try:
        manifest = read_manifest(options.manifest)
    except ManifestError as error:
        print(json.dumps({"ok": False, "problems": _objects(error.problems)}, indent=1))
        return 2
    risks = lints_of(manifest)
    result = {"ok": True, "digest": manifest.digest, "problems": [], "risks": _objects(risks)}
    print(json.dumps(result, indent=1))
    return 1 if risks and options.strict else 0


def _objects(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [
        {"where": p.where, "found": p.found, "expected": p.expected, "at": p.at} for p in problems
    ]


def run_disclose(options: argparse.Namespace) -> int:
    manifest = readable(options.manifest)
    named = [*filter(None, (options.parts or "").split(",")), *filter(None, [options.only])]
    for name in named:
        if name not in manifest.parts:
            known = ", ".join(manifest.parts) or "none is declared"
            raise CommandError(f"found the part '{name}'; expected one of: {known}", status=2)
    if options.only:
        manifest = of_part(manifest, options.only)
    elif options.parts is not None:
        manifest = installed(manifest, named)
    sys.stdout.write(disclosure(manifest))
    return 0


def run_compose(options: argparse.Namespace) -> int:
    readable(options.manifest)
    sys.stdout.buffer.write(composed_source(options.manifest))
    return 0


def run_diff(options: argparse.Namespace) -> int:
    old, new = _compiled(options.old), _compiled(options.new)
    try:
        hidden = untold(old, new)
        result = {
            "from": old["digest"],
            "to": new["digest"],
            "changes": [change.as_dict() for change in difference(old, new)],
            "untold": [change.as_dict() for change in hidden],
        }
    except (KeyError, TypeError, AttributeError):  # JSON that only looks compiled
        raise CommandError(
            f"{options.old} or {options.new}: found a compiled manifest that is not whole; "
            "expected one as `glasshouse manifest compile` prints it",
            status=2,
        ) from None
    print(json.dumps(result, indent=1) if options.json else difference_text(result))
    return 1 if hidden else 0


def _compiled(path: Path) -> dict[str, Any]:
    """A manifest, compiled now or before."""
    with contextlib.suppress(OSError, ValueError):
        raw = json.loads(path.read_bytes())
        if isinstance(raw, dict) and raw.get("format") and isinstance(raw.get("items"), dict):
            return raw
    return compile_manifest(readable(path))


def run_new(options: argparse.Namespace) -> int:
    try:
        text = new_manifest(options.slug, options.name)
    except ManifestError as error:
        raise CommandError(str(error), status=2) from None
    sys.stdout.write(text)
    return 0


def run_compile(options: argparse.Namespace) -> int:
    sys.stdout.write(compiled_text(readable(options.manifest)))
    return 0


def run_schema(_: argparse.Namespace) -> int:
    print(json.dumps(manifest_schema(), indent=1))
    return 0
