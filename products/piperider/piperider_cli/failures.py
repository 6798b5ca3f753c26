"""What a person is told when a command cannot do what was asked."""


class WrongCallError(Exception):
    """The message says what was found, what was expected and what to do."""
