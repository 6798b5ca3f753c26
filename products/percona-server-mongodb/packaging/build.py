"""Builds the packages of Percona Server for MongoDB: a `.deb`, an RPM, and an image's directory.

Example: python products/percona-server-mongodb/packaging/build.py dist
"""

import argparse
import shutil
import subprocess
import tempfile
import zipapp
from pathlib import Path

from glasshouse_sdk.manifest import (
    compiled_text,
    compose,
    disclosure,
    installed,
    of_part,
    parse_manifest,
    read_manifest,
)

HERE = Path(__file__).parent
HOME = HERE.parent
SDK = HOME.parents[1] / "sdk" / "python" / "src" / "glasshouse_sdk"
VERSION = "8.0.12-4"
PYTHON = "/usr/bin/python3"  # the system's own, whatever else somebody's PATH leads to
LIB = "usr/lib/percona-server-mongodb"
SCRIPTS = ("entry-point", "report-installation")
NAME = "percona-server-mongodb"
MONGOD = """\
import os
import sys

from mongod import main

sys.exit(main(sys.argv[1:], os.environ))
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("output", type=Path, help="the directory to write to")
    parser.add_argument("--version", default=VERSION, help=f"of the server ({VERSION})")
    parser.add_argument("--endpoint", help="another collector than the manifest's, for a trial")
    options = parser.parse_args()
    output = options.output.absolute()
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as directory:
        files = Path(directory) / "files"
        lay_out(files, options.version, options.endpoint)
        for tool, build in (("dpkg-deb", build_deb), ("rpmbuild", build_rpm)):
            if shutil.which(tool) is None:
                print(f"left out: {tool} was not found (Debian: apt install dpkg rpm)")
                continue
            print(build(files, output, options.version))
    print(write_image(output, options.version))


def lay_out(root: Path, version: str, endpoint: str | None) -> None:
    """The files of the package, as they are installed below `root`."""
    manifest = read_manifest(HOME / "manifest.toml")
    texts = {
        "etc/glasshouse/products/psmdb.json": compiled(endpoint),
        "etc/mongod.conf": (HERE / "mongod.conf").read_text(),
        f"usr/share/doc/{NAME}/telemetry.md": disclosure(installed(manifest, ())),
        f"usr/share/doc/{NAME}/telemetry-daily.md": disclosure(of_part(manifest, "daily")),
        f"usr/share/doc/{NAME}/copyright": (HOME.parents[1] / "LICENSE").read_text(),
        **{f"{LIB}/{name}": (HERE / name).read_text() for name in SCRIPTS},
    }
    for name, text in texts.items():
        write(root / name, text)
    bundle(HOME / "psmdb_telemetry", root / LIB / "telemetry")
    release = {"release.py": f'VERSION = "{version}"\n', "__main__.py": MONGOD}
    bundle(HOME / "mongod", root / "usr/bin/mongod", release)
    (root / "usr/bin/mongos").symlink_to("mongod")
    for path in (root, *root.rglob("*")):
        if path.is_dir():  # whatever the builder's umask is
            path.chmod(0o755)


def compiled(endpoint: str | None) -> str:
    composition = compose(HOME / "manifest.toml")
    if endpoint is not None:
        composition.raw["product"]["endpoint"] = endpoint
    return compiled_text(parse_manifest(composition.text))


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755 if text.startswith("#!") else 0o644)


def bundle(program: Path, target: Path, instead: dict[str, str] | None = None) -> None:
    """A program with the client in one executable file; `instead`: its modules that are made."""
    ignored = shutil.ignore_patterns("__pycache__")
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / "program"
        shutil.copytree(program, place, ignore=ignored)
        shutil.copytree(SDK, place / SDK.name, ignore=ignored)
        for name, text in (instead or {}).items():
            (place / name).write_text(text)
        target.parent.mkdir(parents=True, exist_ok=True)
        zipapp.create_archive(place, target, interpreter=PYTHON)
    target.chmod(0o755)


def build_deb(files: Path, output: Path, version: str) -> Path:
    target = output / f"{NAME}_{version}_all.deb"
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory) / "root"
        shutil.copytree(files, root, symlinks=True)
        control = (HERE / "debian/control").read_text().format(version=version)
        write(root / "DEBIAN/control", control)
        write(root / "DEBIAN/conffiles", "/etc/mongod.conf\n")
        for script in ("postinst", "postrm"):
            text = (HERE / "debian" / script).read_text().replace("@VERSION@", version)
            write(root / "DEBIAN" / script, text)
        (root / "DEBIAN").chmod(0o755)
        run("dpkg-deb", "--root-owner-group", "--build", root, target)
    return target


def build_rpm(files: Path, output: Path, version: str) -> Path:
    number, _, release = version.partition("-")
    with tempfile.TemporaryDirectory() as directory:
        run(
            "rpmbuild", "-bb", HERE / f"{NAME}.spec",
            "--define", f"_topdir {directory}", "--define", f"psmdb_version {number}",
            "--define", f"psmdb_release {release}", "--define", f"psmdb_files {files}",
        )  # fmt: skip
        (built,) = Path(directory).glob("RPMS/*/*.rpm")
        return Path(shutil.copy(built, output))


def write_image(output: Path, version: str) -> Path:
    """What an image is built from, with any builder of OCI images."""
    target = output / "image"
    target.mkdir(exist_ok=True)
    text = (HERE / "Containerfile").read_text().replace("@VERSION@", version)
    write(target / "Containerfile", text)
    package = output / f"{NAME}_{version}_all.deb"
    if package.exists():
        shutil.copy(package, target)
    return target


def run(*words: str | Path) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{words[0]} ended with {done.returncode}: {done.stderr.strip()}")


if __name__ == "__main__":
    main()
