"""The process environment: the only module of the client that reads or writes it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DO_NOT_TRACK = "DO_NOT_TRACK"
REFUSED = "GLASSHOUSE_REFUSED"
"""Slugs of the products that a parent process found refused, so that its children know."""

SENDER_NEEDS = (
    "HOME", "PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TZ",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    DO_NOT_TRACK, REFUSED,
)  # fmt: skip


BUILD_VARIABLES = (
    "CI", "GITHUB_ACTIONS", "GITLAB_CI", "JENKINS_URL", "TF_BUILD", "BUILDKITE", "CIRCLECI",
    "TRAVIS", "APPVEYOR", "TEAMCITY_VERSION", "BITBUCKET_BUILD_NUMBER", "DRONE",
    "CODEBUILD_BUILD_ID",
)  # fmt: skip
TEST_VARIABLES = ("PYTEST_CURRENT_TEST", "TOX_ENV_NAME", "NOX_CURRENT_SESSION")
NOT_SET = ("", "0", "false", "no", "off")


def origin_of(environ: Mapping[str, str]) -> str:
    """Who runs the product, as far as its environment tells: `ci`, `development`, `production`."""
    for origin, names in (("development", TEST_VARIABLES), ("ci", BUILD_VARIABLES)):
        if any(environ.get(name, "").lower() not in NOT_SET for name in names):
            return origin
    return "production"


def process_environment() -> Mapping[str, str]:
    """The variables of this process."""
    return os.environ  # noqa: TID251 — this is the module that may


def hand_down_refusal(slug: str) -> None:
    """Tell the processes that this one will start that this product's telemetry is refused."""
    environ = os.environ  # noqa: TID251 — this is the module that may
    known = environ.get(REFUSED, "").split()
    if slug not in known:
        environ[REFUSED] = " ".join([*known, slug])


def for_sender(environ: Mapping[str, str], switches: tuple[str, ...]) -> dict[str, str]:
    """What a sender needs to know and no more: ways to the network, and every refusal."""
    return {name: environ[name] for name in (*SENDER_NEEDS, *switches) if name in environ}
