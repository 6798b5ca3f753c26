"""The OpenID provider of the settings, checked before the server starts."""

from glasshouse.cli.clock import now
from glasshouse.cli.errors import CommandError
from glasshouse.cli.installation import Installation
from glasshouse.console.openid import BACK, OpenId, Provider, is_safe
from glasshouse.console.pages.openid import SigningIn
from glasshouse.people import Role
from glasshouse.settings import Settings

REFUSE = "refuse"


def checked_openid(settings: Settings) -> None:
    """Raises `CommandError` for what cannot work."""
    if not settings.openid_issuer:
        return
    for name, address in (
        ("OPENID_ISSUER", settings.openid_issuer),
        ("PUBLIC_ADDRESS", settings.public_address),
    ):
        if not is_safe(address):
            raise CommandError(
                f"GLASSHOUSE_{name}: found '{address}'; expected an address that begins with "
                "https:// (http:// on this machine alone), since people sign in by it",
                status=2,
            )
    if not settings.openid_client:
        raise CommandError(
            "GLASSHOUSE_OPENID_CLIENT: found nothing; expected the client's id at the provider",
            status=2,
        )
    _secret(settings)
    _newcomers(settings)


def signing_in_of(installation: Installation, token: str) -> SigningIn | None:
    """None where the settings name no provider. `token` signs the cookie of a sign-in."""
    settings = installation.settings
    if not settings.openid_issuer:
        return None
    provider = Provider(
        issuer=settings.openid_issuer,
        client=settings.openid_client,
        secret=_secret(settings),
        title=settings.openid_title,
        name=settings.openid_name,
        back=settings.public_address.rstrip("/") + BACK,
    )
    openid = OpenId(provider, token.encode(), now)
    return SigningIn(openid, installation.identities, _newcomers(settings))


def _secret(settings: Settings) -> str:
    path = settings.openid_secret_file
    try:
        return path.read_text().strip() if path else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"GLASSHOUSE_OPENID_SECRET_FILE: {path} cannot be read ({error})", status=2
        ) from None


def _newcomers(settings: Settings) -> Role | None:
    if settings.openid_newcomers == REFUSE:
        return None
    try:
        return Role(settings.openid_newcomers)
    except ValueError:
        raise CommandError(
            f"GLASSHOUSE_OPENID_NEWCOMERS: found '{settings.openid_newcomers}'; expected "
            f"{REFUSE}, {', '.join(Role)}",
            status=2,
        ) from None
