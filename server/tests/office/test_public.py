"""The public page: what the vendor publishes, to everybody, and nothing that tells of few."""

from urllib.parse import parse_qs

import pytest
from filling_in import fill_in

from glasshouse.catalogue import SettingsError
from glasshouse.insight import QuestionError
from glasshouse.people.rights import machine

PUBLISHED = ["active_instances?by=week&period=90d", "version_adoption?by=week&period=30d",
             "field_distribution?field=snapshot.host.system", "geography"]  # fmt: skip


def publish(house, texts, group=20):
    changes = {"publish": texts, "publish_group": group}
    house.installation.change_product("forge", changes, machine())


@pytest.fixture
def published(house):
    publish(house, PUBLISHED)
    yield house
    publish(house, [])


def test_nothing_is_published_unless_somebody_says_so(house, nobody):
    for path in ("/public/forge", "/public/forge/data.json", "/public/nope", "/public/é"):
        answer = nobody.get(path)
        assert answer.status_code == 404
        assert "Forge" not in answer.text, "nobody hears of a product that publishes nothing"


def test_everybody_reads_it_without_an_account_or_a_cookie_and_may_keep_it(published, nobody):
    page = nobody.get("/public/forge")
    assert page.status_code == 200
    assert "Forge in numbers" in page.text
    assert "set-cookie" not in page.headers
    assert page.headers["cache-control"] == "public, max-age=3600"
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert "/account" not in page.text
    same = nobody.get("/public/forge", headers={"if-none-match": page.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    data = nobody.get("/public/forge/data.json")
    assert data.headers["access-control-allow-origin"] == "*"
    assert [a["question"] for a in data.json()["answers"]] == [
        t.partition("?")[0] for t in PUBLISHED
    ]
    assert data.json()["smallest_group"] == 20


def test_all_that_is_shown_is_a_step_of_what_the_console_shows(published, nobody):
    """So that nobody who reads both learns more than the console tells."""
    insight = published.installation.insight
    answers = nobody.get("/public/forge/data.json").json()["answers"]
    texts = nobody.get("/public/forge").text
    assert "Plan 9" not in texts
    seen = 0
    for answer, exact in zip(answers, insight.published("forge"), strict=True):
        assert answer["origin"] == "production"
        assert answer["coverage"]["complete"]
        assert len(exact.columns) == len(answer["columns"])
        for row in answer["rows"]:
            for column in answer["columns"]:
                cell = row[column["name"]]
                if column["type"] != "count" or cell is None:
                    continue
                seen += 1
                k = {"instances": 20, "organizations": 10}.get(column["counts"])
                assert k, "items are not published without those who sent them"
                assert cell % k == 0
                assert cell >= k
    assert seen > 5


def test_an_attacker_with_both_pages_has_one_step_of_each_group(published, house):
    """The second steps are taken of the first ones: the same console answer, the same page."""
    insight = house.installation.insight
    for text in PUBLISHED:
        question, _, query = text.partition("?")
        words = {"product": ["forge"], **parse_qs(query)}
        console = insight.ask_suppressed(question, words)
        (public,) = [a for a in insight.published("forge") if a.question == question]
        keys = [n for n, c in enumerate(console.columns) if c.dimension]
        place = [c.name for c in console.columns].index("instances")
        shown = {tuple(r[n] for n in keys): r[place] for r in console.rows}
        for row in public.rows:
            mine = shown[tuple(row[n] for n in keys)]
            assert row[place] is None or abs(row[place] - mine) < 20
            assert row[place] is None or mine is not None, "what is withheld there is so here"


@pytest.mark.parametrize(
    "text",
    ["sql", "nope", "active_instances", "active_instances?by=day", "advisory_organizations",
     "active_instances?by=week&version=1", "active_instances?by=week&where=country=DE",
     "active_instances?by=week&from=2026-01-01", "active_instances?by=week&origin=simulated",
     "active_instances?by=week&by=month", "field_distribution", "field_distribution?field=nope",
     "cross_tabulation?field=system&across=version", "recommendations",
     "geography?compare=previous",     "geography?period=7d", "geography?product=other"],
)  # fmt: skip
def test_what_would_tell_too_much_cannot_be_published(house, text):
    with pytest.raises((SettingsError, QuestionError)):
        publish(house, [text])
    assert house.installation.catalogue.product("forge").settings.publish == ()


def test_an_administrator_publishes_in_the_settings_page(house, robin, nobody):
    answer = fill_in(robin, "/products/forge/settings", "publish", publish="geography\n",
                     publish_group="30")  # fmt: skip
    assert answer.status_code == 200
    assert "/public/forge" in answer.text
    assert "Country" in nobody.get("/public/forge").text
    wrong = fill_in(
        robin, "/products/forge/settings", "publish", publish="nope", publish_group="30"
    )
    assert wrong.status_code == 422
    assert "expected" in wrong.text
    assert house.records.changes()[0]["detail"]["publish"] == ["geography"]
    publish(house, [])
    assert nobody.get("/public/forge").status_code == 404


def test_a_crowd_costs_what_one_reader_costs(published, nobody, monkeypatch):
    insight = published.installation.insight
    asked = []
    known = insight.published
    monkeypatch.setattr(insight, "published", lambda slug: asked.append(slug) or known(slug))
    publish(published, PUBLISHED[:2])
    for _ in range(20):
        assert nobody.get("/public/forge").status_code == 200
        assert nobody.get("/public/forge/data.json").status_code == 200
    assert asked == ["forge"]
