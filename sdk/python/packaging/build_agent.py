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
ANY_PYTHON, DEBIANS_PYTHON = "/usr/bin/env python3", "/usr/bin/python3"
# The owner of a machine that has the package alone needs the commands that look and decide too.
MAIN = """\
import os
import sys

if os.path.basename(sys.argv[0]) == "glasshouse-sdk":
    from glasshouse_sdk.cli.main import main
else:
    from glasshouse_sdk.agent import main
sys.exit(main())
"""
DEBIAN = HERE / "debian"
SCRIPTS = ("postinst", "prerm", "postrm")


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
    print(build_deb(output))


def build_zipapp(target: Path, python: str = ANY_PYTHON) -> Path:
    """One executable file that needs Python 3.11 or later and nothing else."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copytree(
            SOURCE, Path(directory) / SOURCE.name, ignore=shutil.ignore_patterns("__pycache__")
        )
        # Not zipapp's own `main=`: it would not pass on the exit code.
        (Path(directory) / "__main__.py").write_text(MAIN)
        zipapp.create_archive(directory, target, interpreter=python)
    target.chmod(0o755)
    return target


def build_deb(output: Path) -> Path:
    """The program, its unit, and the user that it runs as."""
    version = _version()
    target = output / f"glasshouse-agent_{version}_all.deb"
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        files = {
            "lib/systemd/system/glasshouse-agent.service": HERE / "glasshouse-agent.service",
            "usr/share/doc/glasshouse-agent/README.md": HERE / "README.md",
            "usr/share/doc/glasshouse-agent/copyright": SOURCE.parents[1] / "LICENSE",
            "etc/default/glasshouse-agent": DEBIAN / "default",
            "DEBIAN/triggers": DEBIAN / "triggers",
            **{f"DEBIAN/{name}": DEBIAN / name for name in SCRIPTS},
        }
        texts = {name: source.read_text() for name, source in files.items()}
        texts["DEBIAN/control"] = (DEBIAN / "control").read_text().format(version=version)
        texts["DEBIAN/conffiles"] = "/etc/default/glasshouse-agent\n"
        for name, text in texts.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(0o755 if path.name in SCRIPTS else 0o644)
        place = root / "usr/bin/glasshouse-agent"
        place.parent.mkdir(parents=True)
        # The distribution's own Python, whatever else somebody's PATH leads to.
        build_zipapp(place, DEBIANS_PYTHON)
        place.with_name("glasshouse-sdk").symlink_to(place.name)
        for path in (root, *root.rglob("*")):
            if path.is_dir():  # whatever the builder's umask is
                path.chmod(0o755)
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
