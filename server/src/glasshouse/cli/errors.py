"""What a command says when it cannot do what it was asked."""


class CommandError(Exception):
    """One line for the person at the terminal: what was found, what was expected, what to do."""

    def __init__(self, message: str, *, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


class InUseError(CommandError):
    """Another process has the data directory: a command, or a server that starts or ends."""
