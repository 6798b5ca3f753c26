"""Signing in with a real OpenID provider: who gets in, as whom, and who does not."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from bench.server import free_port
from chromium import Browser, opened
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from serving import served

from glasshouse.console.access import Access
from glasshouse.console.app import console_app
from glasshouse.console.openid import BACK, OpenId, OpenIdError, Provider
from glasshouse.console.pages.openid import COOKIE, SigningIn
from glasshouse.people import Database, Identities, Records, Register, Role

SECRET = "a secret of the client"
PASSWORD = "a long enough password"


def now():
    return datetime.now(UTC)


class Console:
    """The console on a port of its own, and what it signs people in with."""

    def __init__(self, world, provider, **configured):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        issuer = provider(self.url + BACK)
        newcomers = configured.pop("newcomers", None)
        facts = {"issuer": issuer, "client": "glasshouse", "secret": SECRET, "title": "Example ID",
                 "name": "preferred_username", "back": self.url + BACK, **configured}  # fmt: skip
        database = Database(None)
        register, records = Register(database, now), Records(database, now)
        self.openid = OpenId(Provider(**facts), b"k" * 32, now)
        self.signing_in = SigningIn(self.openid, Identities(database, register, records), newcomers)
        self.access = Access("machine", register, records, openid_title="Example ID")
        self.register, self.records = register, records
        self.app = console_app(world.insight, self.access, signing_in=self.signing_in)


@pytest.fixture(scope="module")
def shared(world, provider):
    """One console whose provider is not asked twice to start."""
    made = Console(world, provider)
    with listening(made):
        yield made


def listening(made):
    return served(made.app, port=made.port)


@pytest.fixture
def console(shared):
    """Nobody has an account."""
    for person in shared.register.people():
        shared.register._database.rows("delete from people where name = ?", (person.name,))
    shared.register._database.rows("delete from changes")
    object.__setattr__(shared.signing_in, "newcomers", None)
    shared.openid.provider = replace(shared.openid.provider, client="glasshouse", secret=SECRET,
                                     name="preferred_username")  # fmt: skip
    return shared


clients = []


@pytest.fixture(autouse=True)
def all_closed():
    yield
    while clients:
        clients.pop().close()


def browser():
    clients.append(httpx.Client(trust_env=False, timeout=30))
    return clients[-1]


def at_the_provider(client, address, name):
    """Go through the provider's own forms as a person does; the address that it leads back to."""
    answer = client.get(address)
    for _ in range(12):
        if answer.is_redirect:
            target = str(answer.next_request.url)
            if BACK in target:
                return target
            answer = client.send(answer.next_request)
            continue
        action = re.search(r'action="([^"]+)"', answer.text)[1]
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', answer.text))
        if 'name="login"' in answer.text:
            fields |= {"login": name, "password": "any"}
        answer = client.post(action, data=fields)
    raise AssertionError("the provider never led back")


def sign_in(console, name, link="", client=None):
    client = client or browser()
    query = f"?{urlencode({'link': link})}" if link else ""
    begun = client.get(f"{console.url}/enter/openid{query}")
    assert begun.status_code == 303, begun.text
    back = at_the_provider(client, begun.headers["location"], name)
    return client, client.get(back)


def test_the_way_in_offers_it_and_leaves_with_state_nonce_and_challenge(console):
    client = browser()
    assert "Sign in with Example ID" in client.get(f"{console.url}/products/forge").text
    begun = client.get(f"{console.url}/enter/openid")
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert asked["response_type"] == ["code"]
    assert asked["code_challenge_method"] == ["S256"]
    assert len(asked["state"][0]) >= 43
    assert len(asked["nonce"][0]) >= 43
    cookie = begun.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert asked["state"][0] != asked["nonce"][0] != asked["code_challenge"][0]


def test_an_unknown_person_is_refused_unless_a_link_lets_him_in(console):
    client, answer = sign_in(console, "robin")
    assert answer.status_code == 403
    assert "one-time link" in answer.text
    assert client.get(f"{console.url}/").status_code == 403
    assert console.register.people() == []
    link = console.register.invite(Role.ANALYST, raw=True)
    page = client.get(f"{console.url}/enter?link={link}").text
    assert f"/enter/openid?link={link}" in page
    client, answer = sign_in(console, "robin", link)
    assert answer.status_code == 200
    assert "signed in as robin" in answer.text
    assert "samesite=strict" in answer.headers["set-cookie"].lower()
    assert client.get(f"{console.url}/account").status_code == 200
    (person,) = console.register.people()
    assert (person.name, person.role, person.raw) == ("robin", Role.ANALYST, True)
    assert not person.has_password
    (change,) = console.records.changes()
    assert change["what"] == "tied to an OpenID provider"
    _, again = sign_in(console, "robin")
    assert again.status_code == 200, "who is known needs no link"
    _, other = sign_in(console, "kim", link)
    assert other.status_code == 403, "the link was used"


def test_a_newcomer_gets_the_configured_role_and_no_raw_access(console):
    object.__setattr__(console.signing_in, "newcomers", Role.VIEWER)
    client, answer = sign_in(console, "kim")
    assert answer.status_code == 200
    (person,) = console.register.people()
    assert (person.name, person.role, person.raw) == ("kim", Role.VIEWER, False)
    assert client.get(f"{console.url}/people").status_code == 403


def test_the_name_of_somebody_here_is_no_proof_of_being_him(console):
    """Some providers let people choose their names."""
    register = console.register
    register.accept(register.invite(Role.ADMIN, raw=True), "robin", PASSWORD)
    object.__setattr__(console.signing_in, "newcomers", Role.VIEWER)
    client, answer = sign_in(console, "robin")
    assert answer.status_code == 403
    assert "has an account already" in answer.text
    assert client.get(f"{console.url}/").status_code == 403
    tie = register.invite(Role.VIEWER, raw=False, name="robin")
    client, answer = sign_in(console, "robin", tie)
    assert answer.status_code == 200
    assert client.get(f"{console.url}/people").status_code == 200
    assert register.log_in("robin", PASSWORD), "the password stays"


def test_who_is_removed_is_not_known_any_more(console):
    register = console.register
    register.accept(register.invite(Role.ADMIN, raw=False), "boss", PASSWORD)
    client, _ = sign_in(console, "kim", register.invite(Role.VIEWER, raw=False))
    assert client.get(f"{console.url}/").status_code == 200
    register.remove("kim")
    assert client.get(f"{console.url}/").status_code == 403
    assert sign_in(console, "kim")[1].status_code == 403


def test_an_address_that_nobody_has_verified_is_no_name(console):
    console.openid.provider = replace(console.openid.provider, name="email")
    object.__setattr__(console.signing_in, "newcomers", Role.VIEWER)
    assert sign_in(console, "unverified-eve")[1].status_code == 403
    assert sign_in(console, "kim")[1].status_code == 200
    assert [p.name for p in console.register.people()] == ["kim@example.com"]


def test_a_public_client_is_protected_by_its_challenge_alone(console):
    console.openid.provider = replace(console.openid.provider, client="public", secret="")
    link = console.register.invite(Role.VIEWER, raw=False)
    assert sign_in(console, "kim", link)[1].status_code == 200


def test_a_wrong_secret_is_said_to_be_the_providers_refusal(console):
    console.openid.provider = replace(console.openid.provider, secret="another one")
    _, answer = sign_in(console, "kim", console.register.invite(Role.VIEWER, raw=False))
    assert answer.status_code == 403
    assert "status 401" in answer.text


# Who leads a browser here, with what he has obtained himself.


def begun(console, client, name="eve"):
    started = client.get(f"{console.url}/enter/openid")
    return at_the_provider(client, started.headers["location"], name)


def test_a_code_of_another_browser_opens_nothing(console):
    """Else somebody is led into the account of an attacker, and works there."""
    object.__setattr__(console.signing_in, "newcomers", Role.VIEWER)
    attacker, victim = browser(), browser()
    back = begun(console, attacker)
    assert victim.get(back).status_code == 403
    victim.get(f"{console.url}/enter/openid")
    assert victim.get(back).status_code == 403, "another state"
    assert COOKIE not in str(victim.get(f"{console.url}/").request.headers)
    assert attacker.get(back).status_code == 200


def test_a_code_is_good_once(console):
    object.__setattr__(console.signing_in, "newcomers", Role.VIEWER)
    client = browser()
    started = client.get(f"{console.url}/enter/openid")
    kept = client.cookies.get(COOKIE)
    back = at_the_provider(client, started.headers["location"], "kim")
    assert client.get(back).status_code == 200
    again = httpx.get(back, headers={"cookie": f"{COOKIE}={kept}"}, trust_env=False)
    assert again.status_code == 403


@pytest.mark.parametrize(
    "query",
    ["", "?code=x", "?state=x", "?code=x&state=x", "?error=access_denied", "?iss=https://evil"],
)
@pytest.mark.parametrize("cookie", ["", "x", "a.b.c", "é"])
def test_what_is_made_up_opens_nothing(console, query, cookie):
    headers = {"cookie": f"{COOKIE}={cookie}".encode()}
    answer = httpx.get(f"{console.url}{BACK}{query}", headers=headers, trust_env=False)
    assert answer.status_code == 403
    assert "glasshouse_session" not in answer.headers.get("set-cookie", "")


def test_a_refusal_at_the_provider_is_told(console):
    client = browser()
    state = parse_qs(urlsplit(client.get(f"{console.url}/enter/openid").headers["location"]).query)
    back = (
        f"{console.url}{BACK}?{urlencode({'error': 'access_denied', 'state': state['state'][0]})}"
    )
    answer = client.get(back)
    assert answer.status_code == 403
    assert "access_denied" in answer.text


def test_a_sign_in_is_over_after_ten_minutes(console):
    late = OpenId(console.openid.provider, b"k" * 32, lambda: now() + timedelta(minutes=11))
    address, cookie = console.openid.begin("")
    state = parse_qs(urlsplit(address).query)["state"][0]
    with pytest.raises(OpenIdError, match="ten minutes"):
        late.finish({"state": state, "code": "x"}, cookie)


# ID tokens that a provider would never make, against the checks of the real one's keys.


@pytest.fixture(scope="module")
def forger():
    """A provider that answers whatever it is told to, with a key that it publishes."""
    key = RSAKey.generate_key(2048, {"kid": "k", "use": "sig", "alg": "RS256"})
    told = {"claims": {}, "header": {"alg": "RS256", "kid": "k"}, "key": key}

    async def app(scope, receive, send):
        host = dict(scope["headers"])[b"host"].decode()
        issuer = f"http://{host}"
        if scope["path"].endswith("openid-configuration"):
            body = {"issuer": issuer, "authorization_endpoint": f"{issuer}/a",
                    "token_endpoint": f"{issuer}/t", "jwks_uri": f"{issuer}/k"}  # fmt: skip
        elif scope["path"] == "/k":
            body = {"keys": [key.as_dict(private=False)]}
        else:
            algorithms = [told["header"]["alg"]]
            made = jwt.encode(told["header"], told["claims"], told["key"], algorithms)
            body = {"id_token": made, "access_token": "x"}
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": httpx.Response(200, json=body).content})

    with served(app) as url:
        yield url, told, key


def forged(forger, changed=None, header=None, key=None, nonce=None):
    """What comes of an ID token with something changed in it."""
    url, told, own = forger
    provider = Provider(url, "glasshouse", SECRET, "t", "preferred_username", "http://localhost/b")
    openid = OpenId(provider, b"k" * 32, now)
    address, cookie = openid.begin("")
    asked = parse_qs(urlsplit(address).query)
    moment = int(now().timestamp())
    claims = {"iss": url, "aud": "glasshouse", "sub": "1", "iat": moment, "exp": moment + 60,
              "nonce": asked["nonce"][0], "preferred_username": "eve"}  # fmt: skip
    claims.update(changed or {})
    told["claims"] = {n: v for n, v in claims.items() if v is not None}
    told["header"] = {"alg": "RS256", "kid": "k", **(header or {})}
    told["key"] = key or own
    return openid.finish({"state": asked["state"][0], "code": "c"}, cookie)[0]


def test_a_right_token_is_taken(forger):
    assert forged(forger).name == "eve"


@pytest.mark.parametrize(
    "changed",
    [{"iss": "https://other"}, {"aud": "another"}, {"aud": ["another", "glasshouse"], "azp": "x"},
     {"exp": 1}, {"exp": None}, {"sub": None}, {"nonce": "another"}, {"nonce": None},
     {"iat": 1 << 40}, {"nbf": 1 << 40}, {"at_hash": "another"}],
)  # fmt: skip
def test_a_claim_that_is_not_right_is_not_believed(forger, changed):
    with pytest.raises(OpenIdError, match="cannot be believed"):
        forged(forger, changed)


def test_a_signature_of_another_key_or_by_none_is_not_believed(forger):
    other = RSAKey.generate_key(2048, {"kid": "k"})
    public = forger[2].as_pem(private=False)
    with pytest.raises(OpenIdError, match="cannot be believed"):
        forged(forger, key=other)
    with pytest.raises(OpenIdError, match="cannot be believed"):
        forged(forger, header={"alg": "HS256"}, key=OctKey.import_key(public.replace(b"-", b"_")))


def test_a_provider_that_cannot_be_reached_or_is_another():
    def provider(issuer):
        return OpenId(Provider(issuer, "c", "", "t", "n", "http://localhost/b"), b"k" * 32, now)

    with pytest.raises(OpenIdError, match="cannot be reached"):
        provider("http://127.0.0.1:9").begin("")


# In a browser, from a provider that is another site.


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_in_a_browser_from_another_site(console, tmp_path):
    """The provider is at localhost, the console at 127.0.0.1: the strict cookie must still work."""
    chromium = Browser(tmp_path / "profile")
    try:
        with opened(chromium, 1280, 860, "light") as page:
            link = console.register.invite(Role.ADMIN, raw=True)
            page.open(f"{console.url}/enter?link={link}")
            click(page, "a.button[href^='/enter/openid']")
            page.value("document.querySelector('[name=login]').value = 'robin'; 1")
            page.value("document.querySelector('[name=password]').value = 'any'; 1")
            click(page, "button[type=submit]")
            click(page, "button[type=submit]")
            page._browser.settle(2)
            assert page.value("location.href") == f"{console.url}/"
            assert "Forge" in page.value("document.body.innerText")
            own = [text for text in page.complaints if console.url in text]
            assert own == []
    finally:
        chromium.close()


def click(page, selector):
    page.value(f"document.querySelector({selector!r}).click(); 1")
    page._browser.settle(2)
