"""A service that runs holds a lock on its pid file, so that no other process is taken for it."""

import fcntl
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

from puppet_enterprise.deployment import DeploymentError, Node


@contextmanager
def running(node: Node, service: str) -> Iterator[None]:
    """While the block lasts this process is that service. Raises DeploymentError."""
    path = node.pid(service)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DeploymentError(f"{service} runs already on {node.certname}") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def reload(node: Node, service: str) -> bool:
    """What `service NAME reload` does; False if the service does not run."""
    try:
        with node.pid(service).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False  # nobody holds it: what stands there is of a process that has ended
    except FileNotFoundError:
        return False
    except BlockingIOError:
        os.kill(int(node.pid(service).read_text()), signal.SIGHUP)
    return True
