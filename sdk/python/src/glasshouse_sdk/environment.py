"""The process environment: the only module of the client that reads or writes it."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

DO_NOT_TRACK = "DO_NOT_TRACK"
REFUSED = "GLASSHOUSE_REFUSED"
"""Slugs of the products that a parent process found refused, so that its children know."""

RUN = "GLASSHOUSE_RUN"
"""The runs that this process is a part of, each with the process that began it."""

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
# Coding assistants, by what they set for the commands that they run: the variable, its values (any
# that is set, if none is listed), and who says so. Keys and settings that people export for
# themselves are not among them, nor what an editor sets in every terminal it opens.
ASSISTANT_VARIABLES: tuple[tuple[str, tuple[str, ...], str], ...] = (
    ("AI_AGENT", (), "github.com/vercel/vercel packages/detect-agent"),
    ("CLAUDECODE", (), "github.com/vercel/vercel packages/detect-agent"),
    ("CURSOR_AGENT", (), "github.com/vercel/vercel packages/detect-agent"),
    ("GEMINI_CLI", (), "github.com/vercel/vercel packages/detect-agent"),
    ("CODEX_SANDBOX", (), "github.com/vercel/vercel packages/detect-agent"),
    ("CODEX_THREAD_ID", (), "github.com/aws/aws-cdk-cli detect-agent.ts"),
    ("CODEX_CI", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("COPILOT_AGENT", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("COPILOT_CLI", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("CLINE_TASK_ID", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("ROO_CODE_TASK_ID", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("AUGMENT_AGENT", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("ANTIGRAVITY_AGENT", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("OPENCODE_AI", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("GOOSE_TERMINAL", (), "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("OR_APP_NAME", ("aider", "plandex", "openhands"),
     "github.com/dotnet/aspire CodingAgentDetector.cs"),
    ("AWS_EXECUTION_ENV", ("amazonq",), "github.com/aws/aws-cdk-cli detect-agent.ts"),
)  # fmt: skip


def is_set(environ: Mapping[str, str], name: str) -> bool:
    """Whether a variable is there and does not say no."""
    return environ.get(name, "").lower() not in NOT_SET


def process_environment() -> Mapping[str, str]:
    """The variables of this process."""
    return os.environ  # noqa: TID251 — this is the module that may


def hand_down_refusal(slug: str) -> None:
    """Tell the processes that this one will start that this product's telemetry is refused."""
    environ = os.environ  # noqa: TID251 — this is the module that may
    known = environ.get(REFUSED, "").split()
    if slug not in known:
        environ[REFUSED] = " ".join([*known, slug])


def hand_down_run(slug: str, run: str) -> None:
    """Tell the processes that this one will start which run of the product they belong to."""
    environ = os.environ  # noqa: TID251 — this is the module that may
    others = [e for e in environ.get(RUN, "").split() if not e.startswith(f"{slug}=")]
    environ[RUN] = " ".join([*others, f"{slug}={run}"])


def for_sender(environ: Mapping[str, str], switches: tuple[str, ...]) -> dict[str, str]:
    """What a sender needs to know and no more: ways to the network, and every refusal."""
    return {name: environ[name] for name in (*SENDER_NEEDS, *switches) if name in environ}
