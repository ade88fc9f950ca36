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
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.figures.format import error, interval, key_words, show
from privacy_analytics.figures.measures import measure


def _spec(html: str) -> dict:
    return json.loads(unescape(figures.opening.match(html)[1]))


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
    adopters = {"kind": "adopters", "key": "mix_assist", "rest": False}
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


def test_a_drawing_is_written_to_a_hundredth_of_a_unit_and_its_words_as_they_are(release):
    html = figures.figure(
        share(release("a", {"chat": 120.7, "0.12345 loops": 90.0}, sigma=1.0), of=release("b", 900.0))
    )
    drawn = re.search("<svg.*</svg>", html)[0]
    assert "0.12345 loops</text>" in drawn
    assert not re.search(r"<[^>]*\.\d{3}", drawn)
    assert len(drawn) < 4_000


def test_importing_figures_does_not_import_a_chart_library():
    code = "import privacy_analytics.figures, sys; print({'altair', 'pandas', 'vl_convert'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
