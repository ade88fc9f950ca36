"""How answers of each kind look and read: units, order, bounds, what is left out."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from privacy_analytics import figures
from privacy_analytics.dp.releases import Cell, Clipped

MINUTES = {"kind": "sum", "unit": "sum", "column": "minutes", "bounds": (0.0, 600.0)}
MEAN = {"kind": "mean", "unit": "mean", "column": "minutes", "of": "mean", "bounds": (0.0, 240.0)}
QUANTILES = MEAN | {"kind": "quantiles", "unit": "quantile", "probs": [0.5, 0.9]}


@pytest.fixture
def asked(release):
    """Builds a release of any kind: its question, its cells and its bounds."""

    def build(values, *, by=(), status="ok", bounds=None, clipped=None, per_account=8, sigma=20.0, **question):
        cells = tuple(
            Cell(
                key if isinstance(key, tuple) else (key,),
                *ends,
                None if len(question.get("probs", ())) else sigma,
                status,
            )
            for key, value in values.items()
            for ends in [value if isinstance(value, tuple) else (value, value - 2 * sigma, value + 2 * sigma)]
        )
        made = release("a", 0.0, unit=question.pop("unit", "accounts"), table=question.pop("table", "sessions"))
        return replace(
            made,
            by=by,
            cells=cells,
            question=dict(made.question) | {"by": list(by)} | question,
            mechanism=replace(made.mechanism, bounds=bounds, clipped=clipped, per_account=per_account),
        )

    return build


@pytest.mark.parametrize(
    ("column", "said", "shown"),
    [("minutes", "About 157,000 minutes (±36,000) were counted", ">157,000</text>"),
     ("duration_ms", "About 157,000 ms (±36,000) of duration were counted", ">157,000 ms</text>")],
)  # fmt: skip
def test_a_sum_is_in_the_unit_of_its_column(asked, column, said, shown):
    total = asked(
        {"windows": 157_030.4, "macos": 119_356.0}, by=("os",), sigma=18_177.0, **MINUTES | {"column": column}
    )
    assert figures.sentence(total) == f"{said} in sessions on Windows in October 2026."
    assert shown in figures.figure(total)


def test_a_sum_of_a_column_below_zero_keeps_its_sign(asked):
    quiet = asked({(): -900.0}, **MINUTES | {"column": "gain_s", "bounds": (-60.0, 0.0)})
    assert '"number">−900 s<' in figures.figure(quiet)


@pytest.mark.parametrize(
    ("asks", "said"),
    [
        ({}, "an account's mean was about 5.3 minutes (±2.0) per session on Windows"),
        ({"of": "total"}, "an account's total was about 5.3 minutes (±2.0) on Windows"),
        ({"column": "value_ms"}, "an account's mean value was about 5.3 ms (±2.0) per session on Windows"),
        ({"column": "rows", "of": "total"}, "an account had about 5.3 sessions (±2.0) on Windows"),
    ],
)  # fmt: skip
def test_a_mean_says_what_each_account_was_summarised_to(asked, asks, said):
    mean = asked({"windows": (5.3, 3.3, 7.3)}, by=("os",), **MEAN | asks)
    assert figures.sentence(mean) == f"On average over accounts, {said} in October 2026."
    assert "over accounts with sessions, the mean of each one" in figures.figure(mean)


def test_a_lopsided_interval_is_told_instead_of_a_plus_minus(asked):
    mean = asked({(): (12.4, 0.0, 94.7)}, **MEAN)
    assert "about 12 minutes (0 to 95) per session" in figures.sentence(mean)


def test_quantiles_say_how_many_accounts_have_at_most_so_much(asked):
    picked = asked({"p50": (4.75, 4.75, 5.29), "p90": (11.48, 8.44, 225.23)}, by=("quantile",), **QUANTILES)
    assert figures.sentence(picked) == (
        "Half of the accounts had a mean of at most about 4.75 minutes (4.75 to 5.29) per session in October 2026."
    )
    assert figures.sentence(picked, key=("p90",)).startswith(
        "Nine in ten accounts had a mean of at most about 11.5 minutes (8.44 to 225) per session"
    )
    assert "Half of the accounts with 4.75 (4.75 to 5.29). Nine in ten accounts with 11.5" in figures.alt_text(picked)
    html = figures.figure(picked)
    assert re.findall(r">(Half|Nine in ten)</text>", html) == ["Half", "Nine in ten"]
    assert html.count('class="mark"') == 2
    beside = figures.fragment("compare", picked, picked, names=["One", "Other"])
    assert re.findall(r">(Half|Nine in ten)[^<]*</text>", beside) == ["Half", "Nine in ten"]


def test_quantiles_of_groups_stand_below_the_name_of_their_group(asked):
    spread = {(os, part): (5.0, 4.0, 6.0) for os in ("windows", "macos") for part in ("p50", "p90")}
    html = figures.figure(asked(spread, by=("os", "quantile"), **QUANTILES))
    written = re.findall(r'<text text-anchor="end"[^>]*>([^<]+)</text>', html)
    assert written == ["Windows", "half", "nine in ten", "macOS", "half", "nine in ten"]


def test_upright_bars_lie_down_where_their_names_need_the_room(asked):
    few, many = {"0": 900.0, "1 or more": 90.0}, {f"{low} to {low + 5}": 900.0 for low in range(0, 40, 5)}
    upright, lying = (figures.fragment("columns", asked(bins, by=("rows",), kind="histogram")) for bins in (few, many))
    assert 'text-anchor="middle"' in upright
    assert 'text-anchor="middle"' not in lying


def test_bins_stay_in_their_order(asked):
    bins = {"under 5": 400.0, "5 to 15": 900.0, "15 or more": 600.0}
    histogram = asked(bins, by=("minutes",), kind="histogram", column="minutes", of="mean", bounds=(0.0, 240.0))
    labels = re.findall(r">(Under 5|5 to 15|15 or more)</text>", figures.figure(histogram))
    assert labels == ["Under 5", "5 to 15", "15 or more"]
    assert figures.sentence(histogram) == (
        "About 900 (±40) accounts had a mean of 5 to 15 minutes per session in October 2026."
    )


def test_hours_of_the_day_are_upright_bars_in_order_with_their_time_zone(asked):
    hours = {f"{hour:02}": 900.0 - hour for hour in range(24)}
    html = figures.figure(asked(hours, by=("hour",), per_account=24))
    assert "An account" not in html  # it may count in every one of them
    assert "hours in UTC" in html
    assert re.findall(r">(\d\d)</text>", html) == ["00", "03", "06", "09", "12", "15", "18", "21"]


def test_retention_is_a_grid_with_numbers_and_blanks(asked):
    weeks = {(f"2026-W{week}", str(later)): 900.0 - 100 * later for week in (36, 37) for later in range(3)}
    kept = asked(weeks, by=("cohort", "week"), kind="retention", cohort_by="signup", reads=["2026-09", "2026-10"])
    few = replace(kept, cells=(*kept.cells[:-1], replace(kept.cells[-1], status="suppressed", value=555.0)))
    html = figures.figure(few)
    assert "September 2026 to October 2026 · across: weeks later · each number ±40 · blank: too small to show" in html
    assert [html.count(f">{number}</text>") for number in ("900", "800", "700")] == [2, 2, 1]
    assert ">555<" not in html
    assert figures.sentence(kept, key=("2026-W36", "2")) == (
        "Of the accounts that registered in week 36 of 2026, about 700 (±40) were active 2 weeks later."
    )
    assert "2 weeks later" in figures.table(kept)


def test_a_weak_number_in_a_grid_is_written_in_grey_on_a_light_ground(asked):
    weeks = {("2026-W36", "0"): 900.0, ("2026-W36", "1"): 890.0}
    kept = asked(weeks, by=("cohort", "week"), kind="retention", cohort_by="active", status="unreliable")
    html = figures.figure(kept)
    assert {float(shade) for shade in re.findall(r'opacity="([\d.]+)"', html)} == {0.15}
    assert html.count('class="quiet" fill="#5d666f">8') == 1


def test_bins_across_a_grid_are_written_short_and_say_of_what(asked):
    bins = ("under 2", "2 to 5", "1000 or more")
    html = figures.figure(asked({("chat", part): 900.0 for part in bins}, by=("feature", "rows"), column="rows"))
    assert re.findall(r">(1|2–4|1,000\+)</text>", html) == ["1", "2–4", "1,000+"]
    assert "across: number of sessions" in html
    assert "1,000 or more" in html.partition("<details>")[2]


def test_a_grid_of_many_columns_comes_in_bands(asked):
    weeks = {("2026-W36", str(later)): 900.0 for later in range(9)}
    html = figures.figure(asked(weeks, by=("cohort", "week"), kind="retention", cohort_by="active"))
    assert html.count("<svg") == 2


def test_phrases_are_quoted_ranked_and_rare_ones_are_not_named(asked):
    said = asked({"make it louder": 300.0, "drop the <bass>": 900.0}, by=("phrase",), kind="top_keys", table="messages")
    rare = replace(said, cells=(*said.cells, Cell(("our secret project",), 60.0, 20.0, 100.0, 20.0, "suppressed")))
    html = figures.figure(rare)
    assert re.findall(r">(“[^<]*”)</text>", html) == ["“drop the &lt;bass&gt;”", "“make it louder”"]
    assert "too rare to show: 1 more" in html
    assert "secret" not in html
    assert "had messages with “drop the <bass>”" in figures.sentence(said)


def test_long_names_are_cut_only_while_they_differ(asked):
    long = "a very long phrase that nobody could fit into a margin"
    one = figures.figure(asked({long: 900.0}, by=("phrase",), kind="top_keys"))
    assert "…" in one
    both = figures.figure(asked({f"{long} so": 900.0, f"{long[:20]}{long[20:].upper()} so": 800.0}, by=("phrase",)))
    assert both.count("</text>") - both.count("…</text>") == both.count("</text>")


def test_the_largest_of_many_bars_are_drawn_and_all_are_in_the_table(asked):
    html = figures.figure(asked({f"k{number}": 300.0 + number for number in range(30)}, by=("feature",)))
    assert "the 25 largest of 30" in html
    assert (html.count(">K29<"), html.count(">K0<")) == (2, 1)


def test_a_filter_by_a_number_is_told_with_its_ends(release):
    long = release("a", 900.0, where=[["duration_ms", {"low": 100, "high": None}], ["opted_out", ["false"]]])
    assert "(duration from 100 ms; not opted out)" in figures.sentence(long)


@pytest.mark.parametrize(
    ("met", "said"),
    [
        (Clipped(101.4, 16.2, 186.6), "About 101 accounts (16 to 187) met a bound, so that some of what they did"),
        (Clipped(78.7, -89.2, 246.7), "Accounts that met a bound: none that the noise would show (at most about 250)"),
    ],
)
def test_bounds_and_what_they_cost_stand_beside_the_picture_and_in_the_box(asked, met, said):
    total = asked({"windows": 9000.0, "macos": 700.0}, by=("os",), clipped=met, per_account=1, **MINUTES)
    for html in (figures.figure(total), figures.fragment("privacy_box", total)):
        assert "An account adds 0 to 600 minutes to each number and counts in at most 1 of 2 numbers." in html
        assert said in html


def test_a_question_without_a_bound_to_meet_names_none(world):
    assert "An account" not in figures.figure(world["month"])
    assert "No bound could be met" in figures.fragment("privacy_box", world["month"])


def test_a_trend_of_means_needs_no_sigma(asked):
    days = {f"2026-10-{day:02}": (5.0 + day, 4.0 + day, 6.0 + day) for day in range(1, 10)}
    picked = asked(days, by=("day",), **MEAN)
    told = figures.alt_text(replace(picked, cells=tuple(replace(cell, sigma=None) for cell in picked.cells)))
    assert "Higher in the last third" in told


def test_the_privacy_box_prints_every_month_that_was_charged_and_the_delta_of_thresholds(asked):
    kept = replace(asked({(): 900.0}, kind="retention", reads=["2026-09", "2026-10"]), delta=1_200_000)
    html = figures.fragment("privacy_box", kept)
    assert "September 2026, October 2026" in html
    assert "and δ 1.2 · 10⁻⁹" in html


def test_the_privacy_box_says_when_texts_were_read(asked):
    said = asked({"make it louder": 900.0}, by=("phrase",), kind="top_keys")
    way = {"tier": "standard", "model_sha256": "0" * 64, "measured": None, "missed_per_100": None}
    html = figures.fragment("privacy_box", replace(said, recorded={"scrubbing": [way]}))
    assert "read for phrases" in html
