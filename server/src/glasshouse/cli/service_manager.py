"""Telling systemd, or whatever stands in its place, how this server is."""

import socket

from glasshouse.settings import ServiceManager


class Herald:
    """Sends states to the service manager; to nobody where there is none."""

    def __init__(self, manager: ServiceManager) -> None:
        self._address = manager.notify_socket

    def say(self, state: str) -> None:
        """One of READY=1, STOPPING=1, WATCHDOG=1. Never fails: the manager sees silence itself."""
        if self._address is None:
            return
        # systemd writes an abstract address with '@' in front.
        address = "\0" + self._address[1:] if self._address[0] == "@" else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.sendto(state.encode(), address)
        except OSError:
            pass
