"""What PipeRider Cloud keeps while it runs: reports, by the account that uploaded them."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

SOURCES = ("duckdb", "sqlite", "postgres", "snowflake", "bigquery", "redshift")


class WrongReportError(ValueError):
    """The message says what was found and expected."""


@dataclass(slots=True)
class Report:
    """`share` is the token of its public page, once it is shared."""

    number: int
    account: str
    title: str
    source: str
    figures: Mapping[str, int]
    share: str | None = None


@dataclass(slots=True)
class Reports:
    _all: list[Report] = field(default_factory=list)

    def of(self, account: str) -> list[Report]:
        return [report for report in self._all if report.account == account]

    def one(self, account: str, number: str) -> Report | None:
        return next((each for each in self.of(account) if str(each.number) == number), None)

    def shared(self, token: str) -> Report | None:
        return next((each for each in self._all if each.share == token), None)

    def upload(self, account: str, title: str, text: str) -> Report:
        """A `run.json` of PipeRider CLI. Raises WrongReportError."""
        source, figures = _read(text)
        report = Report(len(self._all) + 1, account, title or "Report", source, figures)
        self._all.append(report)
        return report


def share(report: Report) -> None:
    report.share = report.share or secrets.token_urlsafe(16)


METRICS = ("rows", "columns", "empty", "passed")


def _read(text: str) -> tuple[str, dict[str, int]]:
    try:
        facts = json.loads(text)
        tables, verdicts = facts["tables"], facts["assertions"]
        columns = [column for table in tables for column in table["columns"]]
        figures = {
            "rows": sum(int(table["rows"]) for table in tables),
            "columns": len(columns),
            "empty": sum(int(column["nulls"]) for column in columns),
            "passed": sum(bool(verdict["passed"]) for verdict in verdicts),
        }
        source = facts["source"]
    except (ValueError, KeyError, TypeError):
        raise WrongReportError(
            "found something else; expected the run.json of `piperider run`"
        ) from None
    return source if source in SOURCES else "other", figures
