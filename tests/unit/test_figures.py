from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html import unescape

import pytest

from privacy_analytics import figures
from privacy_analytics.dp.arithmetic import change, share
from privacy_analytics.dp.releases import Cell, Clipped
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.figures.format import error, interval, key_words, show
from privacy_analytics.figures.measures import measure


def _spec(html: str) -> dict:
    return json.loads(unescape(figures.opening.match(html)[1]))


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


MINUTES = {"kind": "sum", "unit": "sum", "column": "minutes", "bounds": (0.0, 600.0)}
MEAN = {"kind": "mean", "unit": "mean", "column": "minutes", "of": "mean", "bounds": (0.0, 240.0)}
QUANTILES = MEAN | {"kind": "quantiles", "unit": "quantile", "probs": [0.5, 0.9]}


def _drawings(world):
    month, before, features, days, cohort = (world[name] for name in ("month", "before", "features", "days", "cohort"))
    fraction = share(features, of=month)
    return [
        figures.fragment(
            "tiles", month, share(before, of=before), change(month, before), labels=["Now", "All", "Change"]
        ),
        figures.figure(features, title="Features in October 2026"),
        figures.figure(days),
        figures.figure(fraction),
        figures.fragment("compare", share(cohort, of=month), fraction, names=["Adopters", "Everybody"]),
        figures.table(change(cohort, features)),
        figures.fragment("sentence", features, key="mix_assist"),
        figures.fragment("not_shown", blocks=[{"name": "Voice by day", "needs": figures.bucket(2800)}]),
        figures.fragment("privacy_box", *world.values()),
    ]


def test_every_fragment_can_be_drawn_again_from_the_store_byte_by_byte(world, store):
    for html in _drawings(world):
        assert figures.render(_spec(html), store) == html


def test_fragments_hold_nothing_that_runs_or_loads(world):
    page = "".join(_drawings(world))
    assert not re.search(r"<script|<image|<style|\son\w+=|href=|url\(|@import|<!--", page)
    assert set(re.findall(r'https?://[^"\s<]+', page)) == {"http://www.w3.org/2000/svg"}


def test_a_fragment_of_an_unknown_release_is_not_drawn(world, store):
    spec = _spec(figures.figure(world["features"])) | {"of": ["r-elsewhere"]}
    with pytest.raises(NotFound):
        figures.render(spec, store)


@pytest.mark.parametrize("text", ["About 1,240 users", "Twice (²) as many", "October 2027", "١٢٤٠", "", "two\nlines"])
def test_a_title_holds_no_number_of_its_own(world, text):
    with pytest.raises(UsageError):
        figures.figure(world["features"], title=text)


def test_a_title_may_name_the_month_of_its_release(world):
    assert "Accounts in October 2026" in figures.figure(world["month"], title="Accounts in October 2026")


def test_markup_in_a_title_is_shown_as_text(world):
    assert "<b>" not in figures.figure(world["features"], title="<b>bold</b>")


@pytest.mark.parametrize(
    ("renderer", "options"),
    [
        ("pie", {}),
        ("bars", {"color": "red"}),
        ("not_shown", {"blocks": [{"name": "Voice", "needs": 2817}]}),
        ("not_shown", {"blocks": [{"name": "Voice", "needs": 3000, "exact": 2817}]}),
        ("tiles", {"labels": ["one", "two"]}),
        ("sentence", {"key": 7}),
    ],
)
def test_renderers_and_options_come_from_closed_lists(world, renderer, options):
    with pytest.raises(UsageError):
        figures.fragment(renderer, world["month"], **options)


def test_what_is_suppressed_is_named_but_its_value_is_nowhere(release):
    html = figures.figure(release("a", {"chat": 900.0, "undo_history": 13.37}))
    assert "Too small to show: Undo history." in html
    assert not re.search(r"\b13\b|13\.37", html)


def test_a_figure_of_which_nothing_can_be_shown_says_so_in_one_line(release):
    html = figures.figure(release("a", {"chat": 3.0, "loops": 4.0}), title="Features")
    assert "Features" in html
    assert "Nothing here is large enough" in html
    assert "<table" not in html


def test_a_share_is_drawn_and_printed_as_at_most_all(release, world):
    html = figures.figure(share(release("a", {"chat": 12_430.0}), of=world["month"]))
    assert ">100.00 %</text>" in html
    assert "99.45 to 100.00 %" in html
    assert "100.14" not in html


def test_an_unreliable_bar_is_grey(world):
    assert 'class="faint"' in figures.figure(world["features"])
    assert 'class="faint"' not in figures.figure(world["days"])


def test_bars_are_sorted_by_value(release):
    html = figures.figure(release("a", {"chat": 300.0, "chords": 900.0, "loops": 600.0}))
    labels = re.findall(r">(Chat|Chords|Loops)</text>", html)
    assert labels == ["Chords", "Loops", "Chat"]


def test_a_suppressed_day_leaves_a_gap_in_the_line(release):
    days = {f"2026-10-{day:02}": 900.0 for day in range(1, 21)}
    whole, broken = (
        figures.figure(release("a", days, by="day")),
        figures.figure(release("b", days | {"2026-10-10": 3.0}, by="day")),
    )
    lines = [len(re.findall(r'<path class="mark"|class="mark" stroke=', html)) for html in (whole, broken)]
    assert lines[1] == lines[0] + 1


def test_a_figure_says_in_words_what_it_shows(world):
    text = figures.alt_text(world["days"])
    assert "Highest 31 October 2026 with 810 (±39)" in text
    assert "Lowest 1 October 2026 with 510 (±39)" in text
    assert "Higher in the last third" in text
    assert f'aria-label="{text}"' in figures.figure(world["days"])


def test_noise_alone_is_no_trend(release):
    days = {f"2026-10-{day:02}": 500.0 + day % 5 for day in range(1, 32)}
    assert "No clear trend" in figures.alt_text(release("a", days, by="day"))


@pytest.mark.parametrize(
    ("value", "sigma", "unit", "shown", "around"),
    [
        (1240.4, 18.0, "accounts", "1,240", "±35"),
        (61_234.0, 510.0, "accounts", "61,230", "±1,000"),
        (3.0, 2.0, "accounts", "3", "±4"),
        (-7.0, 18.0, "accounts", "0", "±35"),
        (0.3413, 0.0061, "share", "34.1 %", "±1.2"),
        (1.02, 0.0061, "share", "100.0 %", "±1.2"),
        (-0.12, 0.05, "change", "−12.0 %", "±9.8"),
        (0.12, 0.11, "change", "+12 %", "±22"),
    ],
)
def test_numbers_are_rounded_to_their_error(release, value, sigma, unit, shown, around):
    cell = release("a", value, sigma=sigma).cells[0]
    how = measure(release("b", value, unit=unit))
    assert (show(cell, how), error(cell, how)) == (shown, around)


def test_an_interval_of_a_count_does_not_go_below_nothing(release):
    counted = release("a", 10.0, sigma=18.0)
    assert interval(counted.cells[0], measure(counted)) == "0 to 45"


@pytest.mark.parametrize(
    ("key", "by", "words"),
    [
        (("mix_assist",), ("feature",), "Mix assist"),
        (("midi_cleanup",), ("feature",), "MIDI cleanup"),
        (("macos", "free"), ("os", "plan_tier"), "macOS, Free"),
        (("Ableton Live",), ("host",), "Ableton Live"),
        (("2026-10-05",), ("day",), "5 October 2026"),
        (("2026-W40",), ("week",), "week 40 of 2026"),
        (("23",), ("hour",), "23:00 to 24:00"),
        (("1000 to 5000",), ("duration_ms",), "1,000 to 5,000"),
        (("under 0.25",), ("duration_ms",), "under 0.25"),
        (("p90",), ("quantile",), "nine in ten accounts"),
        (("p50",), ("quantile",), "half of the accounts"),
        (("p99.5",), ("quantile",), "99.5 % of the accounts"),
        (("2026-W36", "2"), ("cohort", "week"), "week 36 of 2026, 2 weeks later"),
        (("make it louder",), ("phrase",), "“make it louder”"),
    ],
)
def test_keys_are_printed_as_people_write_them(key, by, words):
    assert key_words(key, by) == words


def test_a_sentence_can_be_quoted(world):
    assert figures.sentence(world["month"]) == "About 12,412 (±35) accounts used the assistant in October 2026."
    assert figures.sentence(world["features"], key=("mix_assist",)) == (
        "About 1,240 (±39) accounts used Mix assist in October 2026."
    )


def test_a_sentence_names_the_filter_and_the_cohort(release):
    adopters = {"kind": "adopters", "feature": "mix_assist"}
    assert figures.sentence(release("a", 900.0, where=[["os", ["macos"]]], cohort=adopters)) == (
        "About 900 (±39) adopters of Mix assist used the assistant (macOS) in October 2026."
    )
    assert figures.sentence(release("b", {"chat": 900.0}, cohort=adopters)) == (
        "About 900 (±39) adopters of Mix assist used Chat in October 2026."
    )
    rows = release("c", 900.0, unit="rows", where=[["feature", ["chat"]]], cohort=adopters)
    assert figures.sentence(rows) == (
        "About 900 (±39) events were counted (Chat) among adopters of Mix assist in October 2026."
    )


def test_a_sentence_about_a_day_or_week_says_which(release):
    day, week = release("a", {"2026-10-05": 900.0}, by="day"), release("b", {"2026-W41": 900.0}, by="week")
    assert figures.sentence(day) == "About 900 (±39) accounts used the assistant on 5 October 2026."
    assert figures.sentence(week) == (
        "About 900 (±39) accounts used the assistant in week 41 of 2026 within October 2026."
    )


def test_a_share_claims_no_more_than_it_knows_unless_told(release, world):
    part = share(release("a", 3000.0), of=world["month"])
    assert figures.sentence(part) == "About 24.17 % (±0.44 points) of the accounts counted in October 2026."
    assert figures.sentence(part, says="of all accounts used Mix Assist").startswith(
        "About 24.17 % (±0.44 points) of all accounts used Mix Assist in October 2026"
    )


def test_a_change_within_its_noise_is_no_clear_difference(release):
    small, large = release("a", 1000.0), release("b", 1010.0)
    assert figures.sentence(change(large, small)).startswith("There is no clear difference")
    assert "rose by about 400 %" in figures.sentence(change(release("c", 5000.0), small))


def test_rows_of_accounts_are_a_ratio_not_a_percentage(release, world):
    sessions = release("sessions", 61_000.0, unit="rows", table="sessions")
    ratio = share(sessions, of=world["month"])
    assert figures.sentence(ratio) == "The ratio was about 4.91 (±0.02) in October 2026."
    assert figures.sentence(ratio, says="sessions an account").startswith("About 4.91 (±0.02) sessions an account in")


def test_a_sentence_about_too_few_shows_no_number(release):
    assert not any(c.isdigit() for c in figures.sentence(release("a", 12.0)).replace("October 2026", ""))


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
    assert html.count('class="band"') == 2
    beside = figures.fragment("compare", picked, picked, names=["One", "Other"])
    assert re.findall(r">(Half|Nine in ten)[^<]*</text>", beside) == ["Half", "Nine in ten"]


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


def test_the_privacy_box_says_what_was_promised_and_what_was_done(world):
    text = re.sub(r"<[^>]+>", " ", figures.fragment("privacy_box", world["features"], world["features"]))
    for said in ("ε 2 at δ 10⁻⁷", "One account", "2026-10.r0", "rho 0.001250", "1.0", "UTC", "20.0", "clipping bias"):
        assert said in text


def test_the_privacy_box_quotes_how_many_identifiers_scrubbing_misses(world):
    way = {"tier": "standard", "model_sha256": "0" * 64, "measured": "2026-11-20", "missed_per_100": 5}
    other = way | {"tier": "fast", "measured": None, "missed_per_100": None}
    told, twice = (
        replace(world[name], recorded={"scrubbing": ways})
        for name, ways in (("month", [way]), ("features", [way, other]))
    )
    box = figures.fragment("privacy_box", told, twice)
    assert (
        box.count("In chat like this, about 5 in 100 identifiers are missed (tier standard, measured on 2026-11-20")
        == 1
    )
    assert box.count("the tier fast misses was not measured") == 1


def test_a_privacy_box_of_older_releases_says_nothing_of_scrubbing(world):
    assert "identifiers" not in figures.fragment("privacy_box", world["month"])


def test_a_page_lists_what_it_is_made_of(world):
    page = figures.figure(share(world["features"], of=world["month"])) + figures.figure(world["days"])
    assert figures.sources(page) == ["r-days", "r-features", "r-month"]


def test_importing_figures_does_not_import_a_chart_library():
    code = "import privacy_analytics.figures, sys; print({'altair', 'pandas', 'vl_convert'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
