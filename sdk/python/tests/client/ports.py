"""A free port, for tests of the client alone: they run without the rest of the repository too."""

import socket


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]
