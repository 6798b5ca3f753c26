"""Signing in with an OpenID provider: the authorization code flow with PKCE, state and nonce.

    begin      a state, a nonce and a verifier, signed into a cookie of this browser; then away
    finish     the cookie belongs to the state; the code for an ID token; its signature and claims

The cookie makes both ends one browser: a code that somebody else obtained opens nothing here.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OctKey

from glasshouse.console.words import say
from glasshouse.people import Told

SCOPE = "openid profile email"
# Signatures by a key pair: one by a shared secret, or none, is nobody's in particular.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
SECONDS = 600  # that a person may take at the provider
LEEWAY = 60  # seconds between two clocks
KEPT = 3600  # seconds that a discovery document is believed
TIMEOUT = 10
MOST_BYTES = 1 << 20
BACK = "/enter/openid/back"
LOCAL = ("localhost", "127.0.0.1", "::1")


class OpenIdError(ValueError):
    """Why nobody was signed in, in words for that person."""


@dataclass(frozen=True, slots=True)
class Provider:
    """As it is configured. `secret` is empty for a public client; `name` is the claim to use."""

    issuer: str
    client: str
    secret: str
    title: str
    name: str
    back: str  # the address that the provider sends people back to


@dataclass(frozen=True, slots=True)
class Discovered:
    """What a provider says of itself, and until when that is believed."""

    authorization: str
    token: str
    keys: str
    until: datetime


class OpenId:
    """One provider. Methods block: they ask the provider over the network."""

    def __init__(self, provider: Provider, key: bytes, clock: Callable[[], datetime]) -> None:
        """`key` signs the cookie."""
        self.provider = provider
        self._key = OctKey.import_key(key)
        self._clock = clock
        self._discovered: Discovered | None = None

    def begin(self, link: str) -> tuple[str, str]:
        """Where to send the browser, and its cookie. `link`: the one-time link it came with.

        Raises `OpenIdError`.
        """
        found = self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        kept = {
            "state": state,
            "nonce": nonce,
            "verifier": verifier,
            "link": link,
            "exp": int(self._clock().timestamp()) + SECONDS,
        }
        address: str = prepare_grant_uri(
            found.authorization,
            client_id=self.provider.client,
            response_type="code",
            redirect_uri=self.provider.back,
            scope=SCOPE,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),  # type: ignore[no-untyped-call]
            code_challenge_method="S256",
        )
        return address, jwt.encode({"alg": "HS256"}, kept, self._key)

    def finish(self, answered: Mapping[str, str], cookie: str) -> tuple[Told, str]:
        """Who it is, by what the provider answered; and the link. Raises `OpenIdError`."""
        kept = self._kept(cookie)
        state = answered.get("state", "").encode()
        if kept is None or not secrets.compare_digest(str(kept["state"]).encode(), state):
            raise OpenIdError(say("openid.not_begun"))
        if answered.get("iss", self.provider.issuer) != self.provider.issuer:
            raise OpenIdError(say("openid.another"))
        if "code" not in answered:
            said = answered.get("error", "nothing")[:60]
            raise OpenIdError(say("openid.no_code", said=said))
        claims = self._claims(self._exchange(answered["code"], str(kept["verifier"])), kept)
        return Told(self.provider.issuer, str(claims["sub"])[:255], self._name(claims)), kept[
            "link"
        ]

    def _kept(self, cookie: str) -> dict[str, Any] | None:
        try:
            claims = jwt.decode(cookie, self._key, algorithms=["HS256"]).claims
        except (JoseError, ValueError):
            return None
        return claims if claims["exp"] > self._clock().timestamp() else None

    def _name(self, claims: Mapping[str, Any]) -> str:
        name = self.provider.name
        if name == "email" and claims.get("email_verified") is not True:
            return ""
        return str(claims.get(name) or "")

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.provider.back,
            "code_verifier": verifier,
        }
        client, secret = self.provider.client, self.provider.secret
        if not secret:
            fields["client_id"] = client
        return _asked(
            "POST",
            self._discover().token,
            data=fields,
            auth=httpx.BasicAuth(client, secret) if secret else None,
        )

    def _claims(self, tokens: Mapping[str, Any], kept: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            token = jwt.decode(str(tokens.get("id_token", "")), self._keys(), ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                {
                    "iss": {"essential": True, "value": self.provider.issuer},
                    "aud": {"essential": True, "value": self.provider.client},
                    "sub": {"essential": True},
                },
                {
                    "nonce": kept["nonce"],
                    "client_id": self.provider.client,
                    "access_token": tokens.get("access_token"),
                },
            )
            claims.validate(now=int(self._clock().timestamp()), leeway=LEEWAY)
        except (JoseError, AuthlibBaseError, ValueError) as error:
            raise OpenIdError(say("openid.not_believed", error=type(error).__name__)) from None
        return claims

    def _keys(self) -> KeySet:
        """Fetched for every sign-in: a provider may change them at any time."""
        found = _asked("GET", self._discover().keys)
        return KeySet.import_key_set({"keys": found.get("keys", [])})

    def _discover(self) -> Discovered:
        now = self._clock()
        if self._discovered is None or now > self._discovered.until:
            issuer = self.provider.issuer
            found = _asked("GET", issuer.rstrip("/") + "/.well-known/openid-configuration")
            if found.get("issuer") != issuer:
                raise OpenIdError(say("openid.other_name"))
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            addresses = [str(found.get(name, "")) for name in names]
            if not all(map(is_safe, addresses)):
                raise OpenIdError(say("openid.not_https"))
            until = datetime.fromtimestamp(now.timestamp() + KEPT, now.tzinfo)
            self._discovered = Discovered(addresses[0], addresses[1], addresses[2], until)
        return self._discovered


def is_safe(address: str) -> bool:
    """Whether nobody between here and there can read along: https, or this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL)


def _asked(method: str, address: str, **rest: Any) -> dict[str, Any]:
    """The JSON object that the provider answers. Raises `OpenIdError`."""
    try:
        answer = httpx.request(method, address, timeout=TIMEOUT, trust_env=False, **rest)
        if answer.is_success and len(answer.content) <= MOST_BYTES:
            document = json.loads(answer.content)
            if isinstance(document, dict):
                return document
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError):
        raise OpenIdError(say("openid.not_reached")) from None
    raise OpenIdError(say("openid.status", status=answer.status_code))
