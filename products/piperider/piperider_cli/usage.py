"""What a command tells about itself: the one place of PipeRider that records telemetry."""

import platform
import sys
import uuid
from collections.abc import Mapping
from pathlib import Path

from assertions import Assertion, Verdict, count
from profile_file import user_id
from profiling import Profile
from projects import Project

from glasshouse_sdk import Telemetry

MANIFEST = Path(__file__).parents[1] / "manifest.toml"
PLATFORMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}
BUILD_SERVICES = ("CI", "CIRCLECI")


class Usage:
    """Telemetry of one command in one project. `home` is `~/.piperider`."""

    def __init__(
        self,
        project: Project,
        home: Path,
        environment: Mapping[str, str],
        *,
        version: str,
        endpoint: str | None,
        key: str | None,
    ) -> None:
        self._project = project
        self._is_pooled = any(environment.get(name, "") not in ("", "0", "false")
                              for name in BUILD_SERVICES)  # fmt: skip
        self._version = version
        identity = project.telemetry_id
        self.telemetry = Telemetry(
            MANIFEST,
            version=version,
            endpoint=endpoint,
            key=key,
            state=home / "telemetry",
            # Builds start anew every time: counted each they would be thousands of users.
            instance=f"{identity}_CI" if self._is_pooled else user_id(home),
            identities={"project": identity} if identity is not None else None,
            environment=environment,
            project=project.directory,
        )

    def command(self, command: str, profile: Profile | None = None) -> None:
        facts: dict[str, object] = {
            "command": command,
            "platform": PLATFORMS.get(sys.platform, "other"),
            "python_version": ".".join(platform.python_version_tuple()[:2]),
            "version": self._version,
            "data_source": self._project.source_type,
        }
        if self.telemetry.consent == "on" and not self._is_pooled:
            facts["device"] = device()  # hashed by the client, with a key that stays here
        if profile is not None:
            facts |= {
                "tables": len(profile.tables),
                "columns": profile.columns,
                "rows": profile.rows,
            }
        self.telemetry.record("command", **facts)

    def assertions(
        self, command: str, used: tuple[Assertion, ...], verdicts: list[Verdict] | None = None
    ) -> None:
        built_in, custom = count(used)
        facts: dict[str, object] = {"command": command, "built_in": built_in, "custom": custom}
        if verdicts is not None:
            passed = sum(verdict.passed for verdict in verdicts)
            facts |= {"passed": passed, "failed": len(verdicts) - passed}
        self.telemetry.record("assertions", **facts)


def device() -> str:
    """What tells this device from others of the same user."""
    try:
        return Path("/etc/machine-id").read_text().strip() or f"{uuid.getnode():012x}"
    except OSError:
        return f"{uuid.getnode():012x}"
