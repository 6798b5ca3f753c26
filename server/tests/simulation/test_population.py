"""Simulated populations live by their seed and calendar alone."""

import random
from datetime import UTC, date, datetime

from glasshouse.simulation import Calendar, Life, Release, life, newest_release

SUNDAY = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


def test_an_installation_takes_a_release_up_when_its_lag_has_passed():
    releases = (Release("1.0", -50), Release("1.1", 10), Release("1.2", 40))
    assert newest_release(releases, 9, 0) == "1.0"
    assert newest_release(releases, 10, 0) == "1.1"
    assert newest_release(releases, 39.5, 29.5) == "1.1"
    assert newest_release(releases, 39.4, 29.5) == "1.0"
    assert newest_release(releases, 90, 0) == "1.2"


def test_an_installation_older_than_every_release_runs_the_first():
    assert newest_release((Release("1.0", 5), Release("1.1", 9)), 0, 0) == "1.0"


def test_a_life_has_a_beginning_an_end_and_a_pause():
    mortal = Life(first=3, last=9, away=range(5, 7))
    assert [day for day in range(12) if mortal.present(day)] == [3, 4, 7, 8, 9]


def test_populations_have_newcomers_dead_and_those_who_come_back():
    chance = random.Random(7)
    lives = [life(chance, 90) for _ in range(2000)]
    born = sum(1 for each in lives if each.first >= 0)
    dead = sum(1 for each in lives if each.last < 90)
    away = sum(1 for each in lives if each.away)
    assert all(each.first <= each.last for each in lives)
    assert 400 < born < 720
    assert 180 < dead < 400
    assert 100 < away < 230


def test_the_last_day_is_that_of_the_end_and_nothing_lies_after_it():
    calendar = Calendar(SUNDAY, 90)
    assert calendar.date(89) == date(2026, 11, 22)
    assert calendar.is_weekend(89)
    assert not calendar.is_weekend(87)
    assert calendar.at(89, 6 * 3600) == datetime(2026, 11, 22, 6, tzinfo=UTC)
    assert calendar.at(89, 8 * 3600) is None
