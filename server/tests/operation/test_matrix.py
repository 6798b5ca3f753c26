"""Every role at every endpoint: what the table says is what happens, and nothing is not in it."""

import asyncio
import re

import httpx
import pytest

from glasshouse.cli.application import Application
from glasshouse.cli.installation import Installation
from glasshouse.collector.app import Collector
from glasshouse.collector.desk import Desk
from glasshouse.collector.places import Places
from glasshouse.console.access import Access
from glasshouse.console.app import console_app
from glasshouse.console.endpoints import NEEDED, OPEN, right_for
from glasshouse.people import RIGHTS, Right, Role
from glasshouse.people.rights import rights_of
from glasshouse.settings import Settings

KINDS = [
    (role, raw) for role in Role for raw in (False, True) if role is not Role.VIEWER or not raw
]


@pytest.fixture(scope="module")
def application(tmp_path_factory):
    data = tmp_path_factory.mktemp("matrix")
    installation = Installation(Settings(data=data / "data"), print)
    desk = Desk(installation.catalogue, Places(), print, b"k" * 32)
    collector = Collector(desk, installation.journal, 1 << 20)
    access = Access("machine", installation.people, installation.records)
    made = Application(installation, collector, console_app(installation.insight, access), access)
    for role, raw in KINDS:
        secret = installation.people.invite(role, raw=raw)
        installation.people.accept(secret, f"{role}-{raw}", "a long enough password")
    yield made
    installation.close()


def routed(application):
    apps = (application.health, application._administration, application._metrics)
    for app in (*apps, application._console):
        for route in app.routes:
            for method in route.methods - {"HEAD"}:
                yield method, route.path


def test_every_endpoint_has_a_row_and_every_row_an_endpoint(application):
    assert set(routed(application)) == {*NEEDED, *OPEN}
    assert not set(NEEDED) & set(OPEN)


def test_an_endpoint_without_a_row_cannot_be_made(application):
    with pytest.raises(KeyError):
        application.access.guarded("GET", "/new", lambda *_: None, lambda *_: None)
    with pytest.raises(KeyError):
        right_for("PUT", "/account")


def test_roles_may_no_more_than_they_should():
    assert RIGHTS[Role.VIEWER] == {Right.SEE}
    for role, raw in KINDS:
        assert (Right.RAW in rights_of(role, raw=raw)) is raw
        assert (Right.PEOPLE in rights_of(role, raw=raw)) is (role is Role.ADMIN)
    assert Right.RAW not in rights_of(Role.VIEWER, raw=True)


async def answer_of(application, method, path, headers):
    transport = httpx.ASGITransport(app=application)
    concrete = re.sub(r"{[^}]*}", "nothing", path)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, concrete, headers=headers, content=b"[]")


@pytest.mark.parametrize(("role", "raw"), KINDS)
@pytest.mark.parametrize(("method", "path"), sorted(NEEDED))
def test_a_role_at_an_endpoint(application, role, raw, method, path):
    register = application.access.register
    name = f"{role}-{raw}"
    right = NEEDED[method, path]
    headers = {"cookie": f"glasshouse_session={register.begin_session(name).secret}"}
    held = rights_of(role, raw=raw)
    if path.startswith("/api/"):
        secret, token = register.make_token(name, "t", held, 1)
        headers = {"authorization": f"Bearer {secret}"}
    answer = asyncio.run(answer_of(application, method, path, headers))
    allowed = right in held
    if method == "POST" and not path.startswith("/api/"):
        assert answer.status_code == 403
        assert ("not come from a page" in answer.text) is allowed
    else:
        assert (answer.status_code == 403) is not allowed, answer.text
        assert answer.status_code < 500
    if path.startswith("/api/"):
        register.remove_token(token.id)


@pytest.mark.parametrize("scope", list(Right))
def test_a_token_may_only_what_its_scope_says(application, scope):
    register = application.access.register
    secret, token = register.make_token("admin-True", "t", [scope], 1)
    headers = {"authorization": f"Bearer {secret}"}
    for method, path in sorted(NEEDED):
        if path.startswith("/api/"):
            answer = asyncio.run(answer_of(application, method, path, headers))
            assert (answer.status_code == 403) is (NEEDED[method, path] is not scope), path
    register.remove_token(token.id)


@pytest.mark.parametrize(("method", "path"), sorted(NEEDED))
def test_a_stranger_at_an_endpoint(application, method, path):
    answer = asyncio.run(answer_of(application, method, path, {}))
    assert answer.status_code == (401 if path.startswith("/api/") else 403)


@pytest.mark.parametrize(("method", "path"), sorted(NEEDED))
def test_the_machine_may_everything(application, method, path):
    headers = {"authorization": "Bearer machine"}
    answer = asyncio.run(answer_of(application, method, path, headers))
    assert answer.status_code not in (401, 500)
    if answer.status_code == 403:
        assert method == "POST", "a form without its word"
        assert not path.startswith("/api/")
