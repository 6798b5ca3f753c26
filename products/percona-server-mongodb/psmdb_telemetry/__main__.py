"""Reports an installation of Percona Server for MongoDB, once per host.

Called by the package's installation script and by the image's entry point. Whatever happens, the
installation goes on: this prints nothing, ends with 0, and takes 7 seconds at most.
"""

import argparse
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

# Run as `python psmdb_telemetry`, so its other files are found beside this one.
import host
from telemetry_uuid import TelemetryUuid

from glasshouse_sdk import Telemetry

MANIFEST = Path(__file__).parents[1] / "manifest.toml"
TELEMETRY_UUID = Path("/usr/local/percona/telemetry_uuid")
FAMILY, SLUG = "PRODUCT_FAMILY_PSMDB", "psmdb"
FIRST_VERSION = (4, 4, 26, 25)
EXAMPLE = """
Example, what an installation would send, sending nothing:
  python psmdb_telemetry --package --version 8.0.12-4 --preview
"""


class WrongCallError(Exception):
    """Arguments that make no sense; the message says which."""


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Exit code: 0; with --preview, where a person looks, 1 or 2 if something is wrong."""
    is_preview = "--preview" in arguments
    try:
        report_installation(_parser().parse_args(arguments), environment)
    except WrongCallError as error:
        if is_preview:
            print(f"psmdb_telemetry: {error}; see --help", file=sys.stderr)
            return 2
    except Exception as error:  # noqa: BLE001 (the installation relies on it)
        if is_preview:
            print(f"psmdb_telemetry: {type(error).__name__}: {error}", file=sys.stderr)
            return 1
    return 0


def report_installation(options: argparse.Namespace, environment: Mapping[str, str]) -> None:
    deployment = host.deployment(environment, from_package=options.package)
    version = options.version or host.image_version(environment)
    if deployment is None or not carries_telemetry(version):
        return
    file = TelemetryUuid(options.telemetry_uuid)
    state = options.state or options.telemetry_uuid.with_name("telemetry_report")
    telemetry = Telemetry(
        options.manifest,
        version=version,
        parts=(),  # the daily metrics are the agent's to send
        installation=options.installation,
        endpoint=options.endpoint,
        state=state,
        instance=file.instance,
        environment=environment,
        # Nothing at the end of the process: it would double the 7 seconds of an installation.
        sends_at_exit=False,
    )
    if telemetry.consent != "on":
        return
    file.keep()
    if options.installation is not None:
        keep_instance(options.installation / f"{SLUG}.instance", file.instance)
    if file.has_reported(FAMILY):
        return
    if is_acknowledged(telemetry, file.instance):
        file.mark(FAMILY)  # an earlier run was ended between the answer and the mark
        return
    fields = {
        "deployment": deployment,
        "pillar_version": version,
        "OS": host.operating_system(options.root, environment),
        "hardware_arch": host.hardware(),
    }
    # What an earlier installation could not deliver, or a preview has shown, is sent as it is if
    # it still says the same; otherwise this report takes its place.
    if not is_waiting(telemetry, file.instance, version):
        telemetry.discard()
        telemetry.record("host", **fields)
    if options.preview:
        request = telemetry.preview()
        sys.stdout.write(request.body.decode() if request is not None else "")
        return
    telemetry.send()
    if is_acknowledged(telemetry, file.instance):  # of a full disk nothing was recorded or sent
        file.mark(FAMILY)


def keep_instance(path: Path, instance: str) -> None:
    """For the agent, which sends the daily metrics of the same host. Raises OSError."""
    path.write_text(instance + "\n")
    path.chmod(0o644)  # whatever the installer's umask is


def is_acknowledged(telemetry: Telemetry, instance: str) -> bool:
    """Whether the collector has taken a report of this host."""
    return any(
        attempt["verdict"] == "acknowledged"
        for entry in telemetry.history()
        if instance.encode() in entry.body
        for attempt in entry.attempts
    )


def is_waiting(telemetry: Telemetry, instance: str, version: str) -> bool:
    """Whether a report of this host and this version of the server waits to be sent."""
    return any(
        (report["instance"], report.get("version")) == (instance, version)
        for report in telemetry.waiting()
    )


def carries_telemetry(version: str) -> bool:
    """Whether this version of the server is one that reports: 4.4.26-25 or later."""
    numbers = re.fullmatch(r"(\d+)\.(\d+)\.(\d+)(?:-(\d+))?(?:\..*)?", version)
    return numbers is not None and tuple(map(int, numbers.groups("0"))) >= FIRST_VERSION


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise WrongCallError(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="psmdb_telemetry",
        description="Reports an installation of Percona Server for MongoDB, once per host.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--package", action="store_true", help="a package is being installed")
    parser.add_argument("--version", help="of the server (in an image: from its environment)")
    parser.add_argument("--preview", action="store_true", help="print the report, send nothing")
    parser.add_argument("--endpoint", help="the collector, if not the manifest's")
    parser.add_argument("--telemetry-uuid", type=Path, default=TELEMETRY_UUID, help="the id's file")
    parser.add_argument("--state", type=Path, help="state directory (default: beside that file)")
    parser.add_argument("--manifest", type=Path, default=MANIFEST, help="compiled, or as TOML")
    parser.add_argument(
        "--installation", type=Path, help="where a refusal is kept for all users and the agent"
    )
    parser.add_argument("--root", type=Path, default=Path("/"), help="where etc/os-release is")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))  # noqa: TID251 (a program's entry reads its environment)
