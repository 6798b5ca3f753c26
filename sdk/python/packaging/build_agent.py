"""Builds the agent without any packaging tool of Python's: a zipapp, and a `.deb` around it.

Example: python sdk/python/packaging/build_agent.py dist
"""

import argparse
import shutil
import subprocess
import tempfile
import zipapp
from pathlib import Path

HERE = Path(__file__).parent
SOURCE = HERE.parent / "src" / "glasshouse_sdk"
PYTHON = "/usr/bin/env python3"
MAIN = "import sys\nfrom glasshouse_sdk.agent import main\nsys.exit(main())\n"
CONTROL = """\
Package: glasshouse-agent
Version: {version}
Architecture: all
Maintainer: The Glasshouse project <nobody@example.com>
Section: admin
Priority: optional
Depends: python3 (>= 3.11), adduser
Description: sends the telemetry that products leave for it, as their switches permit
 Programs in any language leave a file; the agent sends what the product's manifest
 declares, keeps a history of all that left, and obeys every switch.
"""
POSTINST = """\
#!/bin/sh
set -e
if [ "$1" = configure ]; then
    adduser --system --group --no-create-home --home /var/lib/glasshouse --quiet glasshouse
    # Every program may leave a file, none may list or read those of others.
    install -d -o glasshouse -g glasshouse -m 0755 /var/spool/glasshouse
    install -d -m 0755 /etc/glasshouse/products /etc/glasshouse/policy.d
    for manifest in /etc/glasshouse/products/*.json; do
        [ -e "$manifest" ] || continue
        slug=$(basename "$manifest" .json)
        install -d -o glasshouse -g glasshouse -m 1733 "/var/spool/glasshouse/$slug"
    done
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl enable --now glasshouse-agent.service
    fi
fi
"""
PRERM = """\
#!/bin/sh
set -e
if [ -d /run/systemd/system ]; then systemctl disable --now glasshouse-agent.service; fi
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path, help="the directory to write to")
    output = parser.parse_args().output
    output.mkdir(parents=True, exist_ok=True)
    program = build_zipapp(output / "glasshouse-agent.pyz")
    print(program)
    if shutil.which("dpkg-deb") is None:
        print("no .deb: dpkg-deb was not found (Debian: apt install dpkg)")
        return
    print(build_deb(program, output))


def build_zipapp(target: Path) -> Path:
    """One executable file that needs Python 3.11 or later and nothing else."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(
            SOURCE, Path(directory) / SOURCE.name, ignore=shutil.ignore_patterns("__pycache__")
        )
        # Not zipapp's own `main=`: it would not pass on the exit code.
        (Path(directory) / "__main__.py").write_text(MAIN)
        zipapp.create_archive(directory, target, interpreter=PYTHON)
    target.chmod(0o755)
    return target


def build_deb(program: Path, output: Path) -> Path:
    """The program, its unit, and the user that it runs as."""
    version = _version()
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        files = {
            "DEBIAN/control": (CONTROL.format(version=version), 0o644),
            "DEBIAN/postinst": (POSTINST, 0o755),
            "DEBIAN/prerm": (PRERM, 0o755),
            "lib/systemd/system/glasshouse-agent.service": (
                (HERE / "glasshouse-agent.service").read_text(),
                0o644,
            ),
            "usr/share/doc/glasshouse-agent/README.md": (
                (HERE / "README.md").read_text(),
                0o644,
            ),
        }
        for name, (text, mode) in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(mode)
        place = root / "usr/bin/glasshouse-agent"
        place.parent.mkdir(parents=True)
        shutil.copy2(program, place)
        target = output / f"glasshouse-agent_{version}_all.deb"
        command = ["dpkg-deb", "--root-owner-group", "--build", root, target]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return target


def _version() -> str:
    line = next(
        line
        for line in (SOURCE / "__init__.py").read_text().splitlines()
        if line.startswith("__version__")
    )
    return line.split('"')[1]


if __name__ == "__main__":
    main()
