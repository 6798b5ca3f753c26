"""What cannot be set down, in words."""


class OfficeError(ValueError):
    """`missing`: it names something that is not there."""

    def __init__(self, message: str, *, missing: bool = False) -> None:
        self.missing = missing
        super().__init__(message)


def text_of(name: str, text: str, longest: int, *, empty: bool = False) -> str:
    """The text without spaces around it. Raises `OfficeError`."""
    text = text.strip()
    if len(text) > longest or (not text and not empty) or not text.isprintable():
        least = 0 if empty else 1
        raise OfficeError(f"{name}: expected {least} to {longest} characters on one line")
    return text
