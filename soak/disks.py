"""Directories that end as a killed process, or as a cut power line, leaves them.

A killed process leaves everything it wrote; the kernel still has it. A power cut leaves what had
reached the disk: the data lies on an ext4 image, mounted through a loop device and never synced by
itself; the image file is copied while the file system above it still holds back what was not
synced, and the copy is mounted as the disk that comes up again.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

IMAGE_BYTES = 600 * 1024 * 1024
BUSY_SECONDS = 10.0


class Disk(Protocol):
    """Where a server keeps its data, over several lives."""

    def mount(self) -> Path:
        """The data directory, as the last life left it."""

    def cut(self) -> None:
        """End this life. The server is dead already."""

    def free(self) -> None:
        """Give everything back."""


class PlainDisk:
    """A directory: what was written is there, synced or not."""

    def __init__(self, home: Path) -> None:
        self._data = home / "data"

    def mount(self) -> Path:
        return self._data

    def cut(self) -> None:
        """Nothing is lost with a process but the process."""

    def free(self) -> None:
        shutil.rmtree(self._data, ignore_errors=True)


class ImageDisk:
    """An ext4 image whose unsynced writes are lost at every cut. Needs root and loop devices."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._life = 0
        self._mounted: Path | None = None
        with self._image().open("wb") as image:
            image.truncate(IMAGE_BYTES)
        _run("mkfs.ext4", "-q", "-F", str(self._image()))

    def mount(self) -> Path:
        point = self._home / f"mount-{self._life}"
        point.mkdir()
        # commit=600: the file system writes by itself once in ten minutes, so not in this life.
        _run("mount", "-o", "loop,commit=600", str(self._image()), str(point))
        self._mounted = point
        return point / "data"

    def cut(self) -> None:
        before = self._image()
        self._life += 1
        _run("cp", "--sparse=always", str(before), str(self._image()))
        self._unmount()
        before.unlink()

    def free(self) -> None:
        self._unmount()
        self._image().unlink(missing_ok=True)

    def _image(self) -> Path:
        return self._home / f"disk-{self._life}.img"

    def _unmount(self) -> None:
        if self._mounted is not None:
            give_up = time.monotonic() + BUSY_SECONDS
            while True:
                try:
                    _run("umount", str(self._mounted))
                    break
                except subprocess.CalledProcessError:
                    # Further collectors outlive a first process that was killed by a moment.
                    if time.monotonic() > give_up:
                        raise
                    time.sleep(0.05)
            self._mounted.rmdir()
            self._mounted = None


KINDS: Mapping[str, Callable[[Path], Disk]] = {"kill": PlainDisk, "power": ImageDisk}


def can_cut_power(home: Path) -> bool:
    """Whether this machine lets us mount images."""
    try:
        disk = ImageDisk(home)
        disk.mount()
        disk.free()
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
