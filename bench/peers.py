"""An environment of its own for the clients that are compared; the project needs none of them."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

UV = Path(__file__).parents[1] / "tools" / "uv"
SDK = Path(__file__).parents[1] / "sdk" / "python"


def installed(venv: Path, requires: Iterable[str]) -> str:
    """The interpreter of an environment that has these; made anew or added to."""
    python = venv / "bin" / "python"
    if not python.exists():
        _uv("venv", "--python", sys.executable, "--quiet", str(venv))
    how = ("--quiet", "--compile-bytecode", "--reinstall-package", "glasshouse-sdk")
    _uv("pip", "install", *how, "--python", str(python), *requires)
    return str(python)


def _uv(*words: str) -> None:
    subprocess.run([UV, *words], check=True, stdout=subprocess.DEVNULL)
