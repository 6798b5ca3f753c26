"""A disk that is really full: a small tmpfs. What was acknowledged is stored once it has room."""

import asyncio
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from keeping_world import OTHERS, event, opened
from loading_world import MANIFEST, adds_up

from glasshouse.journal import JournalBrokenError

SIZE = 24 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place]
    mounted = subprocess.run(command, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a file system of {SIZE} bytes cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def fill_up(directory: Path, leave: int) -> Path:
    ballast = directory / "ballast"
    room = os.statvfs(directory)
    with ballast.open("wb") as file:
        file.write(bytes(max(0, room.f_bavail * room.f_frsize - leave)))
    return ballast


def acknowledge(installation, payloads: list[bytes]) -> list[bytes]:
    """What the journal acknowledged of these, as a collector would."""

    async def all_of_them() -> list[bytes]:
        done = []
        for payload in payloads:
            try:
                await installation.journal.append(payload)
            except JournalBrokenError:
                continue
            done.append(payload)
        return done

    return asyncio.run(all_of_them())


def until(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.02)


@pytest.mark.parametrize("leave", [0, 200_000, 1_000_000])
def test_full_and_freed_without_a_restart(small_disk: Path, leave: int) -> None:
    """With no room at all, with room for the journal only, and with room for half a load."""
    data = small_disk / "data"
    stop, wake = threading.Event(), threading.Event()
    with opened(data) as installation:
        installation.register(MANIFEST.encode())
        loading = threading.Thread(target=installation.loader.run, args=(stop, wake, 0.05))
        loading.start()
        try:
            before = [event(f"b{n}", 1, OTHERS[n % 9]) for n in range(50)]
            acknowledged = acknowledge(installation, before)
            assert len(acknowledged) == 50
            until(lambda: stored(installation) == 50)
            ballast = fill_up(small_disk, leave)
            wide = [event(f"w{n}", 1, f"{n:060d}") for n in range(8000)]
            acknowledged += acknowledge(installation, wide)
            if leave == 0:
                assert len(acknowledged) < 8050, "nothing is acknowledged that has no room"
            until(lambda: stored(installation) is None or installation.loader.state.failures > 0
                  or stored(installation) == len(acknowledged))  # fmt: skip
            if leave <= 200_000:
                assert installation.loader.state.failures > 0
                assert "space" in str(installation.loader.state.last_error)
            ballast.unlink()
            until(lambda: stored(installation) == len(acknowledged), 120)
            after = [event(f"a{n}", 1, OTHERS[n % 9]) for n in range(50)]
            acknowledged += acknowledge(installation, after + wide[:100])
            until(lambda: installation.loader.state.last_error is None)
            installation.loader.do(installation.loader.catch_up)
            different = len(set(acknowledged))
            assert stored(installation) == different, "nothing lost, nothing twice"
            assert adds_up(installation.store)
            assert installation.store.problems() == []
        finally:
            stop.set()
            wake.set()
            loading.join(60)


def stored(installation) -> int | None:
    try:
        return installation.store.rows("select count(*) from events").rows[0][0]
    except Exception:
        return None  # the handle is gone until the store is opened anew
