"""The service's pages: set-up, accounts, control repos and modules, integrations.

What has been done is noted in the session when it has happened, and said by the next page, whose
tracker sends it if it may: an attempt that failed is no progress.
"""

import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from cd4pe_service import pages
from cd4pe_service.analytics import Analytics
from cd4pe_service.inventory import (
    CONTROL_REPO,
    FINISHED,
    MODULE,
    Inventory,
    WrongInputError,
    checked_text,
)
from cd4pe_service.tables import POLICIES, PUPPET_ENTERPRISE
from cd4pe_service.visits import Form, Session, Sessions, Visit, keep_cookie

POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; form-action 'self'"
SCRIPT = Path(__file__).with_name("site.js")
MOST_BODY = 100_000
BACK = '<p><a href="/">Back</a></p>'
STAGES = ("opened", "server", "credentials", "configured")
KINDS = {CONTROL_REPO: "/control-repos", MODULE: "/modules"}


class Site:
    """The routes over one inventory; the accounts' sessions are in memory."""

    def __init__(self, inventory: Inventory, analytics: Analytics, release: str) -> None:
        self._inventory = inventory
        self._analytics = analytics
        self._release = release
        self._sessions = Sessions()

    def application(self) -> Starlette:
        users, root, anybody = "user", "root", ""
        routes = [
            self._route("GET", "/setup/{step}", self.show_set_up, anybody),
            self._route("POST", "/setup/{step}", self.set_up, anybody),
            self._route("GET", "/login", self.show_login, anybody),
            self._route("POST", "/login", self.log_in, anybody),
            self._route("POST", "/logout", self.log_out, anybody),
            self._route("GET", "/analytics", self.analytics, anybody),
            self._route("GET", "/accounts", self.accounts, root),
            self._route("POST", "/accounts", self.add_account, root),
            self._route("POST", "/accounts/{id}/deactivate", self.deactivate, root),
            self._route("GET", "/", self.control_repos, users),
            self._route("GET", "/modules", self.modules, users),
            self._route("GET", "/integrations", self.integrations, users),
            self._route("GET", "/integrations/{system}", self.show_integration, users),
            self._route("POST", "/integrations/{system}", self.integrate, users),
            Route("/site.js", _script),
        ]
        for kind, address in KINDS.items():
            one = f"{address}/{{id}}"
            for method, path, page in (
                ("POST", address, self.add_project),
                ("GET", one, self.project),
                ("POST", f"{one}/pipelines", self.add_pipeline),
                ("POST", f"{one}/pipelines/{{pipeline}}/deployments", self.add_deployment),
                ("POST", f"{one}/pipelines/{{pipeline}}/jobs", self.add_job),
            ):
                routes.append(self._route(method, path, page, users, kind))
        return Starlette(routes=routes)

    def show_set_up(self, visit: Visit) -> Response:
        step = self._inventory.next_step()
        if step == FINISHED:
            return _onward("/")
        if visit.request.path_params["step"] != step:
            return _onward(f"/setup/{step}")
        if step == "root_account":
            visit.session.say("set_up", step="opened")
        return self._page(visit, pages.TITLES[step], pages.set_up_step(step))

    def set_up(self, visit: Visit) -> Response:
        step = self._inventory.next_step()
        if step == FINISHED or visit.request.path_params["step"] != step:
            return _onward("/")
        self._take_step(step, visit)
        visit.session.say("set_up", step=step)
        after = self._inventory.next_step()
        if after == FINISHED:
            visit.session.say("set_up", step=FINISHED)
        return _onward("/" if after == FINISHED else f"/setup/{after}")

    def _take_step(self, step: str, visit: Visit) -> None:
        """Raises WrongInputError."""
        value = "done"
        if step in ("root_account", "user_account"):
            is_root = step == "root_account"
            number = self._inventory.add_account(visit.form, is_root=is_root)
            visit.session.account = None if is_root else number
        elif step == "storage":
            value = visit.form.get("storage", "")
            if value not in ("disk", "dump"):
                raise WrongInputError("expected disk or dump")
        else:
            value = _license(visit.form.get("license", ""))
        self._inventory.note(step, value)

    def show_login(self, visit: Visit) -> Response:
        return self._page(visit, "Log in", pages.LOGIN)

    def log_in(self, visit: Visit) -> Response:
        account = self._inventory.log_in(visit.form.get("name", ""), visit.form.get("password", ""))
        if account is None:
            raise WrongInputError("wrong name or password")
        visit.session.account = account.id
        return _onward("/accounts" if account.is_root else "/")

    def log_out(self, visit: Visit) -> Response:
        self._sessions.end(visit.token)
        return _onward("/login")

    def analytics(self, visit: Visit) -> Response:
        telemetry = self._analytics.installation()
        both = (telemetry, self._analytics.pages())
        sent = [each["item"] for one in both for each in one.declared()]
        return self._page(visit, "Analytics", pages.analytics(telemetry.consent, sent))

    def accounts(self, visit: Visit) -> Response:
        return self._page(visit, "Accounts", pages.accounts(self._inventory.accounts()))

    def add_account(self, visit: Visit) -> Response:
        self._inventory.add_account(visit.form)
        return _onward("/accounts")

    def deactivate(self, visit: Visit) -> Response:
        self._inventory.deactivate(visit.number())
        return _onward("/accounts")

    def control_repos(self, visit: Visit) -> Response:
        found = self._inventory.projects(_number(visit), CONTROL_REPO)
        return self._page(visit, "Control repos", pages.projects(found, KINDS[CONTROL_REPO]))

    def modules(self, visit: Visit) -> Response:
        found = self._inventory.projects(_number(visit), MODULE)
        return self._page(visit, "Modules", pages.projects(found, KINDS[MODULE]))

    def add_project(self, visit: Visit, kind: str) -> Response:
        number = self._inventory.add_project(_number(visit), kind, visit.form.get("name", ""))
        return _onward(f"{KINDS[kind]}/{number}")

    def project(self, visit: Visit, kind: str) -> Response:
        found = self._inventory.project(_number(visit), visit.number(), kind)
        if found is None:
            return self._absent(visit)
        pipelines = self._inventory.pipelines(found.id)
        body = pages.project(
            f"{KINDS[kind]}/{found.id}",
            pipelines,
            {each.id: self._inventory.deployments(each.id) for each in pipelines},
            {each.id: self._inventory.jobs(each.id) for each in pipelines},
        )
        return self._page(visit, found.name, body)

    def add_pipeline(self, visit: Visit, kind: str) -> Response:
        found = self._inventory.project(_number(visit), visit.number(), kind)
        if found is None:
            return self._absent(visit)
        analysed = "impact_analysis" in visit.form
        self._inventory.add_pipeline(found.id, visit.form.get("name", ""), impact_analysis=analysed)
        return _onward(f"{KINDS[kind]}/{found.id}")

    def add_deployment(self, visit: Visit, kind: str) -> Response:
        pipeline = self._pipeline(visit, kind)
        if pipeline is None:
            return self._absent(visit)
        policy = visit.form.get("policy", "")
        if policy not in POLICIES:
            raise WrongInputError(f"expected a policy of {', '.join(POLICIES)}")
        self._inventory.add_deployment(pipeline, policy, visit.form.get("node_group", ""))
        return _onward(f"{KINDS[kind]}/{visit.number()}")

    def add_job(self, visit: Visit, kind: str) -> Response:
        pipeline = self._pipeline(visit, kind)
        if pipeline is None:
            return self._absent(visit)
        form = visit.form
        self._inventory.add_job(pipeline, form.get("name", ""), form.get("hardware", ""))
        return _onward(f"{KINDS[kind]}/{visit.number()}")

    def _pipeline(self, visit: Visit, kind: str) -> int | None:
        """The pipeline of the address, if it is one of this account's."""
        found = self._inventory.project(_number(visit), visit.number(), kind)
        asked = visit.number("pipeline")
        if found is None:
            return None
        known = {each.id for each in self._inventory.pipelines(found.id)}
        return asked if asked in known else None

    def integrations(self, visit: Visit) -> Response:
        configured = self._inventory.integrations(_number(visit))
        return self._page(visit, "Integrations", pages.integrations(configured))

    def show_integration(self, visit: Visit) -> Response:
        system = visit.request.path_params["system"]
        if system not in pages.INTEGRATIONS:
            return self._absent(visit)
        begun = visit.session.begun.setdefault(system, {})
        if not begun:
            _say_progress(visit.session, system, "opened")
        body = pages.integration(_next_stage(begun))
        return self._page(visit, pages.INTEGRATIONS[system], body)

    def integrate(self, visit: Visit) -> Response:
        system = visit.request.path_params["system"]
        if system not in pages.INTEGRATIONS:
            return self._absent(visit)
        begun = visit.session.begun.setdefault(system, {})
        stage = _next_stage(begun)
        if stage == "configured":
            self._inventory.add_integration(_number(visit), system, begun["server"], begun["token"])
            del visit.session.begun[system]
        else:
            name = {"server": "server", "credentials": "token"}[stage]
            begun[name] = checked_text(visit.form.get(name, ""), name)
        _say_progress(visit.session, system, stage)
        return _onward("/integrations" if stage == "configured" else f"/integrations/{system}")

    def _route(
        self, method: str, path: str, page: Callable[..., Response], whose: str, *more: str
    ) -> Route:
        async def answer(request: Request) -> Response:
            form = await _form(request) if method == "POST" else {}
            return await run_in_threadpool(self._answer, request, form, page, whose, more)

        return Route(path, answer, methods=[method])

    def _answer(
        self,
        request: Request,
        form: Form,
        page: Callable[..., Response],
        whose: str,
        more: tuple[str, ...],
    ) -> Response:
        """A page for whom it is meant: `user`, `root`, or anybody."""
        visit = self._visit(request, form)
        step = self._inventory.next_step()
        if step != FINISHED and page not in (self.show_set_up, self.set_up, self.analytics):
            return _onward(f"/setup/{step}")
        is_root = visit.account is not None and visit.account.is_root
        if whose and (visit.account is None or is_root != (whose == "root")):
            return _onward("/login")
        try:
            response = page(visit, *more)
        except WrongInputError as error:
            response = self._page(visit, "Not done", BACK, 400, str(error))
        keep_cookie(visit, response)
        return response

    def _visit(self, request: Request, form: Form) -> Visit:
        token, session = self._sessions.of(request)
        account = session.account
        known = None if account is None else self._inventory.account(account)
        return Visit(request, session, token, form, known)

    def _absent(self, visit: Visit) -> Response:
        return self._page(visit, "Not found", BACK, 404)

    def _page(
        self, visit: Visit, title: str, body: str, status: int = 200, problem: str = ""
    ) -> Response:
        said = tuple(visit.session.said)
        visit.session.said.clear()
        inside = visit.account is not None and ("root" if visit.account.is_root else "user")
        text = pages.page(
            title, body, said, release=self._release, inside=inside or "", problem=problem
        )
        headers = {"content-security-policy": POLICY, "cache-control": "no-store"}
        return HTMLResponse(text, status, headers)


def _next_stage(begun: Mapping[str, str]) -> str:
    return STAGES[1 + len(begun)]


def _say_progress(session: Session, system: str, step: str) -> None:
    if system == PUPPET_ENTERPRISE:
        session.say("pe_integration", step=step)
    else:
        session.say("source_control_integration", step=step, system=system)


def _license(text: str) -> str:
    try:
        return str(uuid.UUID(text.strip()))
    except ValueError:
        expected = "expected a license UUID such as 123e4567-e89b-42d3-a456-426614174000"
        raise WrongInputError(expected) from None


def _number(visit: Visit) -> int:
    """Whose page it is; the route has seen to it that somebody is logged in."""
    if visit.account is None:
        raise WrongInputError("expected to be logged in")
    return int(visit.account.id)


async def _form(request: Request) -> Form:
    """The fields of a form; empty if there is more than a form of this site has."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}


async def _script(_: Request) -> Response:
    return Response(SCRIPT.read_bytes(), media_type="text/javascript")


def _onward(address: str) -> Response:
    return RedirectResponse(address, 303)
