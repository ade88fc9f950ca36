"""Against an earlier month: what is clearly different is labelled, what is not is called so."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from privacy_analytics import figures
from privacy_analytics.dp.arithmetic import change, share
from privacy_analytics.dp.releases import Z95, Cell
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.changes import changes, clear, minus

SEPTEMBER = "2026-09"
FEATURES = {"chat": 9000.0, "chords": 1250.0, "loops": 900.0, "undo_history": 9.0}


@pytest.fixture
def features(release):
    return release("new", FEATURES)


@pytest.fixture
def earlier(release):
    return release("old", FEATURES | {"chat": 6000.0, "chords": 1400.0, "loops": 905.0}, month=SEPTEMBER)


def test_a_clear_change_has_an_arrow_beside_its_bar_and_an_unclear_one_nothing(features, earlier):
    html = figures.figure(features) + figures.fragment("bars", features, earlier)
    assert re.findall(r">([^<]*[▲▼][^<]*)</text>", html) == ["9,000 ▲ 50.0", "1,250 ▼ 10.7"]
    assert "▲ ▼: clear change on September, in %" in html
    assert "Clear change on September: Chat +50.0 %, Chords −10.7 %." in html


def test_the_numbers_say_every_change_with_its_interval_clear_or_not(features, earlier):
    table = figures.fragment("bars", features, earlier).partition("<details>")[2]
    assert "Against September" in table
    assert "+50.0 % (+48.1 to +51.9)" in table  # 8955 / 6045 and 9045 / 5955: both counts at 97.5 %
    assert "−0.6 % (−10.0 to +9.9)" in table
    assert table.count("<td>–</td>") == 1  # what is too small


def test_shares_change_in_points(features, earlier, release):
    now, before = release("a", 12_000.0), release("b", 11_000.0, month=SEPTEMBER)
    html = figures.fragment("figure", share(features, of=now), share(earlier, of=before))
    assert "75.00 % ▲ 20.5" in html
    assert "clear change on September, in points" in html
    assert "+20.5 points" in html


def test_without_a_clear_change_a_figure_explains_no_arrows(features, release):
    html = figures.fragment("bars", features, release("same", FEATURES, month=SEPTEMBER))
    assert "▲" not in html
    assert "No clear change on September." in html


@pytest.mark.parametrize(
    ("before", "line"),
    [(11_000.0, "+12.84 % (+12.05 to +13.63) on September"), (12_400.0, "no clear change on September")],
)
def test_a_tile_says_what_changed(world, release, before, line):
    old = release("old", before, month=SEPTEMBER, sigma=18.0)
    for html in (
        figures.fragment("tiles", world["month"], old, before=[1]),
        figures.fragment("figure", world["month"], old),
    ):
        assert f'<span class="note">{line}</span>' in html


def test_each_tile_has_its_own_earlier_number_or_none(world, release):
    sessions = release("sessions", 61_000.0, unit="rows")
    fewer = release("fewer", 50_000.0, unit="rows", month=SEPTEMBER)
    html = figures.fragment("tiles", sessions, world["month"], fewer, labels=["Sessions", "Accounts"], before=[2, None])
    first, second = html.split('<div class="tile ')[1:]
    assert "on September" in first
    assert "on September" not in second


@pytest.mark.parametrize("before", [[0], [2], [1, 1], ["1"], [True], 1])
def test_before_names_a_release_behind_those_of_the_tiles(world, before):
    with pytest.raises(UsageError):
        figures.fragment("tiles", world["month"], world["before"], before=before)


def test_a_change_names_the_year_where_it_is_another(release):
    html = figures.fragment("bars", release("a", FEATURES, month="2027-01"), release("b", FEATURES, month="2026-12"))
    assert "No clear change on December 2026." in html


def test_a_number_that_either_month_hides_has_no_change(release):
    now, before = release("a", {"chat": 900.0, "loops": 9.0}), release("b", {"chat": 9.0, "loops": 900.0})
    assert not changes(now, replace(before, month=SEPTEMBER)).cells


def test_months_are_compared_in_their_order_and_questions_with_themselves(world, release):
    month, before, features = (world[name] for name in ("month", "before", "features"))
    quantile = release("q", 5.0, unit="quantile")
    for new, old in (
        (before, month), (month, month), (share(features, of=month), share(before, of=before)),
        (share(month, of=month), before), (quantile, replace(quantile, month=SEPTEMBER)),
    ):  # fmt: skip
        with pytest.raises(UsageError):
            changes(new, old)


def test_a_difference_is_taken_at_its_worst_corner_and_both_ends_wider_than_95_in_100():
    new, old = (Cell((), value, value - half, value + 2 * half, None, "ok") for value, half in ((9.0, 1.0), (5.0, 0.5)))
    apart = minus(new, old)
    factor = 2.241403 / Z95
    assert (apart.value, apart.low, apart.high) == pytest.approx((4.0, 4 - 2 * factor, 4 + 2.5 * factor))
    assert clear(apart)
    assert not clear(minus(new, replace(new, value=9.5)))


def test_counts_change_as_arithmetic_says(features, earlier):
    assert changes(features, earlier).cells["chat",] == change(features, earlier)["chat"]
