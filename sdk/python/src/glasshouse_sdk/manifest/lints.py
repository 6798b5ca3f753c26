"""What a manifest may say and yet should not: each lint yields what a reviewer ought to look at.

A rule keeps a manifest out; a lint lets it in and says what it costs. Most are about text that
somebody else can choose: that is where names, paths and secrets slip through.
"""

from collections.abc import Callable, Iterator

from glasshouse_sdk.manifest.model import Manifest, Problem
from glasshouse_sdk.manifest.rules import all_fields

Lint = Callable[[Manifest], Iterator[Problem]]

PERSONAL = ("email", "e_mail", "username", "user_name", "hostname", "host_name", "path", "url")


def lints_of(manifest: Manifest) -> tuple[Problem, ...]:
    """Everything that is worth a second look; nothing is best."""
    return tuple(problem for lint in LINTS for problem in lint(manifest))


def keys_say_what_they_are(manifest: Manifest) -> Iterator[Problem]:
    for where, field in all_fields(manifest):
        if field.type == "map" and field.of is None and field.anonymise == "none":
            yield Problem(
                where,
                "a map whose keys may be anything",
                "of = 'version', of = 'enum' with values, or anonymise = 'keyed-hash' or "
                "'public-list'; now every key that is more than numbers and the names of known "
                "systems leaves as 'other'",
            )


def stars_stand_for_little(manifest: Manifest) -> Iterator[Problem]:
    for where, field in all_fields(manifest):
        for name in field.public:
            if "*" in name and field.anonymise == "public-list":
                yield Problem(
                    f"{where}.public",
                    f"'{name}', whose '*' is up to 40 characters of anybody's choice",
                    "the names in full, where they can be listed",
                )


def personal_names_are_explained(manifest: Manifest) -> Iterator[Problem]:
    for where, field in all_fields(manifest):
        plain = field.name.lower()
        is_plain = field.anonymise == "none" and field.type in ("version", "map", "list")
        if is_plain and any(word in plain for word in PERSONAL):
            expected = "anonymise, or a name that does not promise personal data"
            yield Problem(where, f"the name '{field.name}', not anonymised", expected)


def visits_are_counted_apart(manifest: Manifest) -> Iterator[Problem]:
    """Every visit of a page is an instance of its product: see docs/decisions/0073."""
    browser = manifest.browser
    if browser is None:
        return
    of_pages = {browser.page_view, browser.click, *browser.actions}
    others = [path for path in manifest.items if path not in of_pages]
    if others:
        yield Problem(
            "browser",
            f"visits of pages beside {others[0]}: both count as instances of one product",
            "a product of its own for the pages, such as 'acme-console' beside 'acme'",
        )


LINTS: tuple[Lint, ...] = (
    keys_say_what_they_are,
    stars_stand_for_little,
    personal_names_are_explained,
    visits_are_counted_apart,
)
