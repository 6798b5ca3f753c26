"""PipeRider Cloud: a small website with a login, reports, and the tracker behind its own relay.

    python cloud_app.py --collector http://127.0.0.1:8090 --port 8102

Prints an account to log in with. Everything is in memory and gone when it ends.
"""

import argparse
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import pages
import uvicorn
from kept import METRICS, Report, Reports, WrongReportError, share
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from glasshouse_sdk.browser.asgi import RelayMiddleware
from glasshouse_sdk.browser.relay import Relay

HERE = Path(__file__).parent
MANIFEST = HERE / "manifest.toml"
SESSION = "piperider_session"
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'"
MOST_BODY = 1_000_000


@dataclass(slots=True)
class Session:
    """`account` is None after a log-out; `said` is what the next page tells the tracker."""

    account: str | None
    said: list[Mapping[str, str]] = field(default_factory=list)

    def action(self, name: str) -> None:
        self.said.append({"item": "action", "action": name})


class Cloud:
    """The site: its accounts (name to password), sessions, shown names and reports."""

    def __init__(self, accounts: Mapping[str, str]) -> None:
        self._accounts = accounts
        self._sessions: dict[str, Session] = {}
        self._shown: dict[str, str] = {}
        self._reports = Reports()

    @property
    def routes(self) -> list[Route]:
        post = ["POST"]
        return [
            Route("/login", self.login),
            Route("/login", self.log_in, methods=post),
            Route("/logout", self.log_out, methods=post),
            Route("/", self.overview),
            Route("/reports", self.upload, methods=post),
            Route("/reports/{number}", self.report),
            Route("/reports/{number}/share", self.share, methods=post),
            Route("/shared/{token}", self.shared),
            Route("/compare", self.compare),
            Route("/trend", self.trend),
            Route("/profile", self.profile),
            Route("/profile", self.update_profile, methods=post),
            Route("/feedback", self.feedback),
            Route("/feedback", self.submit_feedback, methods=post),
            Route("/site.js", self.script),
        ]

    async def login(self, request: Request) -> Response:
        return self._page(request, "Log in", pages.LOGIN)

    async def log_in(self, request: Request) -> Response:
        form = await _form(request)
        name, password = form.get("name", ""), form.get("password", "")
        expected = self._accounts.get(name)
        if expected is None or not secrets.compare_digest(expected.encode(), password.encode()):
            return self._page(
                request, "Log in", "<p>Wrong name or password.</p>" + pages.LOGIN, 403
            )
        token = secrets.token_urlsafe(32)
        self._sessions[token] = session = Session(name)
        session.action("log_in")
        response = _onward("/")
        # The same cookie whatever was chosen: it is the login, and no part of the telemetry.
        response.set_cookie(SESSION, token, max_age=30 * 86400, httponly=True, samesite="lax")
        return response

    async def log_out(self, request: Request) -> Response:
        session = self._session(request)
        if session is not None and session.account is not None:
            session.account = None
            session.action("log_out")
        return _onward("/login")

    async def overview(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _onward("/login")
        return self._page(request, "Reports", pages.overview(self._reports.of(account)))

    async def upload(self, request: Request) -> Response:
        account, session = self._account(request), self._session(request)
        if account is None or session is None:
            return _onward("/login")
        form = await _form(request)
        try:
            report = self._reports.upload(account, form.get("title", ""), form.get("run", ""))
        except WrongReportError as error:
            return self._page(request, "Reports", f"<p>{error}</p>{pages.UPLOAD}", 400)
        session.action("upload_report")
        return _onward(f"/reports/{report.number}")

    async def report(self, request: Request) -> Response:
        report = self._own(request, request.path_params["number"])
        if report is None:
            return self._absent(request)
        return self._page(request, report.title, pages.own_report(report))

    async def share(self, request: Request) -> Response:
        session = self._session(request)
        report = self._own(request, request.path_params["number"])
        if report is None or session is None:
            return self._absent(request)
        share(report)
        session.action("share_report")
        return _onward(f"/reports/{report.number}")

    async def shared(self, request: Request) -> Response:
        report = self._reports.shared(request.path_params["token"])
        if report is None:
            return self._absent(request)
        return self._page(request, report.title, pages.figures(report))

    async def compare(self, request: Request) -> Response:
        account, session = self._account(request), self._session(request)
        if account is None or session is None:
            return _onward("/login")
        base = self._own(request, request.query_params.get("base", ""))
        target = self._own(request, request.query_params.get("target", ""))
        if base is not None and target is not None:
            session.action("compare_reports")
            session.said.append(
                {"item": "comparison", "base": base.source, "target": target.source}
            )
        return self._page(
            request, "Compare", pages.comparison(self._reports.of(account), base, target)
        )

    async def trend(self, request: Request) -> Response:
        account, session = self._account(request), self._session(request)
        if account is None or session is None:
            return _onward("/login")
        asked = request.query_params.get("metric")
        metric = asked if asked in METRICS else None
        if metric is not None:
            session.said.append({"item": "trend_metric", "metric": metric})
        return self._page(request, "Trend", pages.trend(self._reports.of(account), metric))

    async def profile(self, request: Request) -> Response:
        account = self._account(request)
        if account is None:
            return _onward("/login")
        return self._page(request, "Profile", pages.profile(self._shown.get(account, account)))

    async def update_profile(self, request: Request) -> Response:
        account, session = self._account(request), self._session(request)
        if account is None or session is None:
            return _onward("/login")
        self._shown[account] = (await _form(request)).get("shown", "")[:100]
        session.action("update_profile")
        return _onward("/profile")

    async def feedback(self, request: Request) -> Response:
        session = self._session(request)
        if self._account(request) is None or session is None:
            return _onward("/login")
        session.action("open_feedback")
        return self._page(request, "Feedback", pages.FEEDBACK)

    async def submit_feedback(self, request: Request) -> Response:
        session = self._session(request)
        if self._account(request) is None or session is None:
            return _onward("/login")
        session.action("submit_feedback")
        return _onward("/")

    async def script(self, _: Request) -> Response:
        return Response((HERE / "site.js").read_bytes(), media_type="text/javascript")

    def _session(self, request: Request) -> Session | None:
        return self._sessions.get(request.cookies.get(SESSION, ""))

    def _account(self, request: Request) -> str | None:
        session = self._session(request)
        return session.account if session is not None else None

    def _own(self, request: Request, number: str) -> Report | None:
        account = self._account(request)
        return None if account is None else self._reports.one(account, number)

    def _absent(self, request: Request) -> Response:
        return self._page(request, "Not found", '<p><a href="/">To the reports</a></p>', 404)

    def _page(self, request: Request, title: str, body: str, status: int = 200) -> Response:
        session = self._session(request)
        said = tuple(session.said) if session is not None else ()
        if session is not None:
            session.said.clear()
            if session.account is None:
                del self._sessions[request.cookies[SESSION]]
        inside = session is not None and session.account is not None
        headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
        return HTMLResponse(pages.page(title, body, said, inside=inside), status, headers)


def application(
    collector: str, accounts: Mapping[str, str], environment: Mapping[str, str] | None = None
) -> RelayMiddleware:
    """The site with its relay to the collector."""
    site = Starlette(routes=Cloud(accounts).routes)
    return RelayMiddleware(site, Relay(MANIFEST, endpoint=collector, environment=environment))


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; empty if there is more than a form of this site has."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


def _onward(address: str) -> Response:
    return RedirectResponse(address, 303)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--collector", default="http://127.0.0.1:8090", help="the collector")
    parser.add_argument("--port", type=int, default=8102)
    options = parser.parse_args()
    password = secrets.token_urlsafe(9)
    print(f"http://127.0.0.1:{options.port}/  log in as: demo  password: {password}", flush=True)
    app = application(options.collector, {"demo": password})
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", lifespan="off")


if __name__ == "__main__":
    main()
