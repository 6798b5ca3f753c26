"""docs/decisions: unique numbers, every page in the index, the same five headings in each."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "docs" / "decisions"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")
HEADINGS = ["Status", "Context", "Options", "Decision", "Consequences"]


def test_numbers_are_unique():
    numbers = [path.name[:4] for path in PAGES]
    assert len(set(numbers)) == len(numbers) > 0


def test_the_index_lists_every_page_in_order_by_its_title():
    listed = re.findall(
        r"^- \[(\d{4}: .+)\]\((\d{4}-[a-z0-9-]+\.md)\)$",
        (FOLDER / "README.md").read_text(),
        re.MULTILINE,
    )
    written = [(page.read_text().splitlines()[0].removeprefix("# "), page.name) for page in PAGES]
    assert listed == written


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_the_five_headings(page):
    text = page.read_text()
    assert re.match(rf"# {page.name[:4]}: \S", text)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == HEADINGS
    sections = re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]
    assert all(section.strip() for section in sections)
