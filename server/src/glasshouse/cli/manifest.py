"""`glasshouse manifest check|disclose|new|compile|schema`: the vendor's desk, no server needed."""

import argparse
import json
import sys
from pathlib import Path

from glasshouse.cli.errors import CommandError
from glasshouse_sdk.manifest import (
    Manifest,
    ManifestError,
    compiled_text,
    disclosure,
    manifest_schema,
    new_manifest,
    read_manifest,
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
        epilog="Example:  glasshouse manifest check shop.toml    (exit 0: fine, 2: not)",
    )
    check.add_argument("manifest", type=Path)
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(run=run_check)
    disclose = actions.add_parser(
        "disclose",
        help="print the disclosure page (Markdown)",
        epilog="Example:  glasshouse manifest disclose shop.toml > DISCLOSURE.md",
    )
    disclose.add_argument("manifest", type=Path)
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
    compiling.add_argument("manifest", type=Path)
    compiling.set_defaults(run=run_compile)
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


def described(path: Path, error: ManifestError) -> str:
    """All problems, one a line."""
    count = len(error.problems)
    lines = "".join(f"\n  {problem}" for problem in error.problems)
    return f"{path}: {count} problem{'s' if count > 1 else ''}{lines}"


def run_check(options: argparse.Namespace) -> int:
    if not options.json:
        manifest = readable(options.manifest)
        fields = sum(len(item.fields) for item in manifest.items.values())
        print(
            f"{options.manifest}: fine. {len(manifest.items)} items with {fields} fields, "
            f"{len(manifest.switches)} switches, {manifest.digest}"
        )
        return 0
    try:
        manifest = read_manifest(options.manifest)
    except ManifestError as error:
        problems = [
            {"where": p.where, "found": p.found, "expected": p.expected} for p in error.problems
        ]
        print(json.dumps({"ok": False, "problems": problems}, indent=1))
        return 2
    print(json.dumps({"ok": True, "digest": manifest.digest, "problems": []}, indent=1))
    return 0


def run_disclose(options: argparse.Namespace) -> int:
    sys.stdout.write(disclosure(readable(options.manifest)))
    return 0


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
