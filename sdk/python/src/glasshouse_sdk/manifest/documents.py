"""From the bytes of a file to plain tables: TOML as people write it, or JSON as composing does."""

import json
import tomllib
from pathlib import Path
from typing import Any

from glasshouse_sdk.manifest.model import ManifestError, Problem

MAX_BYTES = 1_000_000


def read_document(path: Path) -> bytes:
    """The bytes of a file. Raises `ManifestError`."""
    try:
        return path.read_bytes()
    except OSError as error:
        problem = Problem(str(path), error.strerror or str(error), "a readable file")
        raise ManifestError((problem,)) from None


def parse_document(data: bytes | str) -> dict[str, Any]:
    """The tables of a document. Raises `ManifestError`."""
    try:
        text = data.decode() if isinstance(data, bytes) else data
        if len(text) > MAX_BYTES:
            problem = Problem("file", f"{len(text)} characters", f"at most {MAX_BYTES}")
            raise ManifestError((problem,))
        # No TOML begins with a brace, and every JSON document that is a table does.
        return _json(text) if text.lstrip()[:1] == "{" else tomllib.loads(text)
    except UnicodeDecodeError as error:
        problem = Problem(f"byte {error.start}", "bytes that are not UTF-8", "UTF-8 text")
    except tomllib.TOMLDecodeError as error:
        problem = Problem("file", f"no TOML: {error}", "a TOML document (toml.io)")
    except json.JSONDecodeError as error:
        problem = Problem("file", f"no JSON: {error}", "a composed manifest, or TOML")
    except RecursionError:
        problem = Problem("file", "tables nested too deep", "at most a few levels")
    raise ManifestError((problem,)) from None


def _json(text: str) -> dict[str, Any]:
    raw: dict[str, Any] = json.loads(text)
    return raw
