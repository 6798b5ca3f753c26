"""What the vendor decides about a product after its clients have shipped.

A manifest says what may be sent; these settings may only take from that, or tell clients something.
On disk: `catalogue/SLUG/settings.json`, absent where nothing was decided.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

MOST_PUBLISHED = 20


class SettingsError(ValueError):
    """A setting that cannot be; the text says what was found and what is expected."""


@dataclass(frozen=True, slots=True)
class Release:
    """The newest release, as clients that ask for updates are told."""

    version: str
    link: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class ProductSettings:
    """What a vendor has decided; by default, nothing.

    `allow`: paths of items (`event.x`) and fields (`event.x.field`) that are still wanted; None
    stands for all. An item named without any of its fields is wanted whole. `rate` and
    `instance_rate`: the most items a second of the product and of one instance; None is no limit.
    `smallest_group`, `smallest_organizations`: of how many instances or organizations a group must
    at least be to be shown to people without raw access; what they see is rounded to multiples.
    """

    ended: bool = False
    allow: tuple[str, ...] | None = None
    release: Release | None = None
    rate: float | None = None
    instance_rate: float | None = None
    smallest_group: int = 10
    smallest_organizations: int = 5
    publish: tuple[str, ...] = ()
    publish_group: int = 50

    def allows(self, path: str) -> bool:
        """Whether an item or a field is still wanted."""
        if self.allow is None or path in self.allow:
            return True
        item = ".".join(path.split(".")[:2])
        named = [each for each in self.allow if each.startswith(f"{item}.")]
        return bool(named) if path == item else item in self.allow and not named

    def changed(self, changes: Mapping[str, Any]) -> "ProductSettings":
        """These settings with some of them changed. Raises `SettingsError`."""
        settings = self
        for name, value in changes.items():
            read = READERS.get(name)
            if read is None:
                raise SettingsError(f"found '{name[:40]}'; expected one of {', '.join(READERS)}")
            settings = replace(settings, **{name: read(value)})
        return settings

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def _ended(value: Any) -> bool:
    if not isinstance(value, bool):
        raise SettingsError("ended: found no boolean; expected true or false")
    return value


def _allow(value: Any) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(path, str) for path in value):
        raise SettingsError("allow: expected null or a list such as ['event.x', 'event.y.field']")
    return tuple(value)


def _release(value: Any) -> Release | None:
    if value is None:
        return None
    texts = isinstance(value, dict) and all(isinstance(text, str) for text in value.values())
    if not texts or not value.get("version") or set(value) - {"version", "link", "message"}:
        raise SettingsError("release: expected null or texts 'version', 'link' and 'message'")
    return Release(**value)


def _rate(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1e9:
        raise SettingsError("rate: expected null or a number of items a second above 0")
    return float(value)


def _smallest(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 10_000:
        raise SettingsError("smallest group: expected a whole number from 2 to 10000")
    return value


def _publish(value: Any) -> tuple[str, ...]:
    texts = isinstance(value, list | tuple) and all(isinstance(text, str) for text in value)
    if not texts or len(value) > MOST_PUBLISHED or any(len(text) > 200 for text in value):
        raise SettingsError(
            f"publish: expected a list of at most {MOST_PUBLISHED} questions such as "
            "['active_instances?by=month', 'geography']"
        )
    return tuple(dict.fromkeys(text.strip() for text in value if text.strip()))


READERS: Mapping[str, Callable[[Any], Any]] = {
    "ended": _ended,
    "allow": _allow,
    "release": _release,
    "rate": _rate,
    "instance_rate": _rate,
    "smallest_group": _smallest,
    "smallest_organizations": _smallest,
    "publish": _publish,
    "publish_group": _smallest,
}
