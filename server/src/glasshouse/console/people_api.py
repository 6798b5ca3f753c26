"""People, tokens and the two logs, for scripts. Every change is on record before it is answered."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from glasshouse.console.access import Access, refuse_as_json
from glasshouse.console.replying import as_json, cannot, done, listed, tried
from glasshouse.people import PersonError, Reader, Records, Register, Right, Role
from glasshouse.people.register import LINK_HOURS

PAGE = 100


class Invite(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A one-time link: an account of this role, or a new password for `name`."""

    role: Role = Role.VIEWER
    raw: bool = False
    name: str | None = None


class ChangePerson(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another role, or raw access given or taken."""

    role: Role | None = None
    raw: bool | None = None


class MakeToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token of one's own for a script."""

    title: str
    scopes: list[Right]
    days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90


def invite(register: Register, records: Records, reader: Reader, asked: Invite) -> dict[str, Any]:
    """Where the link leads, and for how long. Raises `PersonError`."""
    with records.together():
        secret = register.invite(asked.role, raw=asked.raw, name=asked.name)
        records.change(
            reader, "invited", asked.name or "somebody new", role=asked.role.value, raw=asked.raw
        )
    return {"link": f"/enter?link={secret}", "hours": LINK_HOURS}


def change_person(
    register: Register, records: Records, reader: Reader, name: str, asked: ChangePerson
) -> dict[str, Any]:
    """The person as it is then. Raises `PersonError`."""
    with records.together():
        person = register.change(name, role=asked.role, raw=asked.raw)
        records.change(reader, "person changed", name, role=person.role.value, raw=person.raw)
    return asdict(person)


def remove_person(
    register: Register, records: Records, reader: Reader, name: str
) -> dict[str, Any]:
    """Raises `PersonError`."""
    with records.together():
        register.remove(name)
        records.change(reader, "person removed", name)
    return {"removed": name}


def make_token(
    register: Register, records: Records, reader: Reader, asked: MakeToken
) -> dict[str, Any]:
    """The token, once, and how it is listed. Raises `PersonError`."""
    if not reader.person:
        raise PersonError("found nobody with an account; a token belongs to a person: log in first")
    if not set(asked.scopes) <= reader.rights:
        raise PersonError("scopes: a token cannot be given more than who asks for it has")
    with records.together():
        secret, token = register.make_token(reader.person, asked.title, asked.scopes, asked.days)
        records.change(reader, "token made", token.id, title=token.title, scopes=list(token.scopes))
    return {"token": secret, **asdict(token)}


def remove_token(
    register: Register, records: Records, reader: Reader, token: str
) -> dict[str, Any]:
    """One's own; an administrator's anybody's. Raises `PersonError`."""
    with records.together():
        register.remove_token(token, None if Right.PEOPLE in reader.rights else reader.person)
        records.change(reader, "token removed", token)
    return {"removed": token}


def routes(access: Access) -> list[Route]:
    """Each under its row in `endpoints.NEEDED`."""
    register, records = access.register, access.records

    def me(_: Request, reader: Reader) -> Response:
        return JSONResponse(
            {"name": reader.name, "way": reader.way, "rights": sorted(reader.rights)}
        )

    def people(request: Request, _: Reader) -> Response:
        found = [asdict(person) for person in register.people()]
        return listed(request, "people", found, "name")

    def tokens(request: Request, reader: Reader) -> Response:
        whose = None if Right.PEOPLE in reader.rights else reader.person
        return listed(request, "tokens", [asdict(t) for t in register.tokens(whose)], "id")

    def log(read: Callable[[int | None, int], list[dict[str, Any]]]) -> Callable[..., Response]:
        def handler(request: Request, _: Reader) -> Response:
            try:
                before = request.query_params.get("before")
                limit = int(request.query_params.get("limit", PAGE))
                found = read(int(before) if before else None, limit)
            except (ValueError, OverflowError):
                return cannot("before, limit: expected whole numbers")
            following = found[-1]["number"] if found and len(found) >= limit else None
            return as_json({"rows": found, "before": following})

        return handler

    async def post_invitation(request: Request, reader: Reader) -> Response:
        return await done(request, Invite, lambda asked: invite(register, records, reader, asked))

    async def patch_person(request: Request, reader: Reader) -> Response:
        name = request.path_params["name"]
        return await done(
            request,
            ChangePerson,
            lambda asked: change_person(register, records, reader, name, asked),
        )

    async def delete_person(request: Request, reader: Reader) -> Response:
        name = request.path_params["name"]
        return await tried(lambda: remove_person(register, records, reader, name))

    async def post_token(request: Request, reader: Reader) -> Response:
        return await done(
            request, MakeToken, lambda asked: make_token(register, records, reader, asked)
        )

    async def delete_token(request: Request, reader: Reader) -> Response:
        number = request.path_params["id"]
        return await tried(lambda: remove_token(register, records, reader, number))

    plain = {
        "/api/v1/me": me,
        "/api/v1/people": people,
        "/api/v1/tokens": tokens,
        "/api/v1/records/raw-reads": log(records.raw_reads),
        "/api/v1/records/changes": log(records.changes),
    }
    changing = {
        ("POST", "/api/v1/people/invitations"): post_invitation,
        ("PATCH", "/api/v1/people/{name}"): patch_person,
        ("DELETE", "/api/v1/people/{name}"): delete_person,
        ("POST", "/api/v1/tokens"): post_token,
        ("DELETE", "/api/v1/tokens/{id}"): delete_token,
    }
    return [
        *(
            Route(path, access.guarded("GET", path, answer, refuse_as_json), methods=["GET"])
            for path, answer in plain.items()
        ),
        *(
            Route(
                path, access.guarded_async(method, path, answer, refuse_as_json), methods=[method]
            )
            for (method, path), answer in changing.items()
        ),
    ]
