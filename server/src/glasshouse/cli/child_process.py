"""Our own programs as child processes, whose failure is one line for the person who waits."""

import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path


class ChildFailedError(RuntimeError):
    """A program that ended with an error; the message holds the last thing that it said."""


def ran(command: Sequence[str]) -> str:
    """What the command printed. Raises ChildFailedError."""
    result = subprocess.run(  # noqa: S603 (our own programs)
        command,
        check=False,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        start_new_session=True,  # Ctrl-C is for the parent, which ends its children in order
    )
    if result.returncode:
        raise ChildFailedError(_failure(command, result.returncode, result.stderr))
    return result.stdout


def lines_of(command: Sequence[str]) -> Iterator[str]:
    """The lines that the command prints, as they come. Raises ChildFailedError."""
    with subprocess.Popen(  # noqa: S603 (our own programs)
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as child:
        last = ""
        try:
            for line in child.stdout or ():
                last = line
                if line.startswith("{"):
                    yield line
        except BaseException:  # also Ctrl-C: the child goes with its reader
            child.terminate()
            raise
    if child.returncode:
        raise ChildFailedError(_failure(command, child.returncode, last))


def _failure(command: Sequence[str], code: int, said: str) -> str:
    name = next((Path(part).name for part in command[1:] if not part.startswith("-")), command[0])
    lines = said.strip().splitlines()
    return f"{name} ended with {code}: {lines[-1] if lines else 'it said nothing'}"
