"""What a server says at its start, to people: where to look."""

import socket

from glasshouse import __version__
from glasshouse.cli.installation import Installation
from glasshouse.cli.listening import address_of, is_loopback
from glasshouse.notices import Notice, tell
from glasshouse.people import Role
from glasshouse.people.register import LINK_HOURS


def announce(installation: Installation, sockets: list[socket.socket]) -> None:
    """Of a server with a console on the first socket and doors on the last. A log that programs
    read holds no address and no token.
    """
    settings = installation.settings
    tell(
        Notice.STARTED,
        version=__version__,
        port=sockets[0].getsockname()[1],
        collectors=settings.collectors,
        products=len(installation.catalogue),
    )
    if settings.log_format != "text":
        return
    url = address_of(sockets[0])
    print(f"glasshouse: console at {url}", flush=True)
    if installation.people.is_empty() and not is_loopback(sockets[0]):
        # Only the newest holds: of an earlier start nobody can use another.
        secret = installation.people.invite(Role.ADMIN, raw=True, kind="first")
        print(
            f"glasshouse: nobody has an account yet; this link makes the first administrator, "
            f"once, for {LINK_HOURS} hours:\n  {url}/enter?link={secret}",
            flush=True,
        )
    print(f"glasshouse: doors at {address_of(sockets[-1])}, data in {settings.data}", flush=True)
