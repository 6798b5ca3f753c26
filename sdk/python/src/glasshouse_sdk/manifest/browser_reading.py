"""Reads `[browser]` of a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from glasshouse_sdk.manifest.browser import BANNER_TEXTS, BROWSER, Browser
from glasshouse_sdk.manifest.reading import TableReader, shown

LANGUAGE = re.compile(r"[a-z]{2,3}\Z")


def read_browser(raw: object, reader: TableReader) -> Browser | None:
    """The table, or None where a manifest has none."""
    if raw is None:
        return None
    values = reader.table(raw, BROWSER, "browser")
    return Browser(**{**values, "banner": _banner(values["banner"], reader)})


def _banner(raw: Any, reader: TableReader) -> Mapping[str, Mapping[str, str]]:
    texts: dict[str, Mapping[str, str]] = {}
    for language, table in reader.tables(raw, "browser.banner").items():
        where = f"browser.banner.{language}"
        if not LANGUAGE.match(language):
            reader.problem(where, f"'{language}'", "a language as 'de'")
        if not isinstance(table, dict):
            reader.problem(where, shown(table), "a table of texts")
            continue
        for name, text in table.items():
            if name not in BANNER_TEXTS or not isinstance(text, str):
                reader.problem(f"{where}.{name}", shown(text), "texts: " + ", ".join(BANNER_TEXTS))
        texts[language] = MappingProxyType(dict(table))
    return MappingProxyType(texts)
