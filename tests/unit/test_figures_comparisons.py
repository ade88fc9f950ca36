"""Before and after with a group to compare with, parts of a whole, personas, methods, footnotes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import unescape

import pytest

from privacy_analytics import figures
from privacy_analytics.dp.arithmetic import share
from privacy_analytics.dp.store import FolderStore
from privacy_analytics.errors import UsageError

SEPTEMBER = "2026-09"
ADOPTERS = {"kind": "adopters", "key": "mix_assist", "rest": False}
SYSTEMS = {"windows": 6200.0, "macos": 5400.0, "ios": 900.0, "linux": 100.0, "other": 9.0}


@pytest.fixture
def alone(release):
    """Accounts by a key of which each has one."""

    def build(values, **about):
        made = release(about.pop("name", "alone"), values, by=about.pop("by", "os"), **about)
        return replace(made, mechanism=replace(made.mechanism, per_account=1))

    return build


@pytest.fixture
def groups(release):
    """Four shares: a cohort's before and after, then the others'."""

    def build(*values):
        months = (SEPTEMBER, "2026-10") * 2
        return [
            share(release(f"part{at}", 10_000 * value, month=month), of=release(f"of{at}", 10_000.0, month=month))
            for at, (value, month) in enumerate(zip(values, months, strict=True))
        ]

    return build


def _text(html):
    return unescape(re.sub(r"<[^>]+>", " ", html))


def test_before_and_after_says_what_changed_and_by_how_much_more(groups):
    html = figures.fragment("slopes", *groups(0.3, 0.6, 0.31, 0.305), names=["Adopters", "Others"], title="Exported")
    said = re.findall("<li>([^<]*)</li>", html)
    assert said[0].startswith("Adopters: 30.00 % before, 60.00 % after: +30.0 points (+28.")
    assert said[1] == "Others: 31.00 % before, 30.50 % after: no clear change on September."
    assert said[2].startswith("The first group changed by clearly more than the second: +30.5 points (+2")
    assert "it need not be caused by" in html
    assert all(line in unescape(re.search('aria-label="([^"]*)"', html)[1]) for line in said)


def test_noise_alone_is_no_difference_between_two_changes(groups):
    html = figures.fragment("slopes", *groups(0.3, 0.31, 0.3, 0.305))
    assert "Between the two changes there is no clear difference" in html


def test_the_difference_of_two_changes_allows_for_the_noise_of_all_four(groups):
    """A difference that one change alone would show clearly is not clear between two."""
    html = figures.fragment("slopes", *groups(0.3, 0.32, 0.3, 0.3))
    first, _, last = re.findall("<li>([^<]*)</li>", html)
    assert "no clear" not in first
    assert "no clear difference" in last


def test_before_and_after_draws_four_numbers_that_keep_apart(groups):
    html = figures.fragment("slopes", *groups(0.3, 0.3, 0.3, 0.3), names=["A", "B"])
    drawn = re.search("<svg.*</svg>", html)[0]
    heights = [float(y) for y in re.findall(r'translate\([\d.-]+,([\d.-]+)\)"[^>]*>30\.00 %', drawn)]
    assert len(heights) == 4
    assert abs(heights[0] - heights[1]) >= 17


def test_before_and_after_takes_two_months_of_shares_in_their_order(groups, world):
    before, after, others, later = groups(0.3, 0.4, 0.3, 0.3)
    month = world["month"]
    for of in (
        [before, after], [after, before, others, later], [before, after, before, before],
        [world["before"], month, world["before"], month], [before, share(month, of=month), others, later][:3],
    ):  # fmt: skip
        with pytest.raises(UsageError):
            figures.fragment("slopes", *of)


def test_before_and_after_of_too_few_shows_no_number(groups, release):
    few = share(release("few", 9.0), of=release("of", 1000.0))
    before, _, others, later = groups(0.3, 0.4, 0.3, 0.3)
    html = figures.fragment("slopes", before, few, others, later)
    assert "Too few accounts to compare" in html
    assert "<svg" not in html


def test_parts_of_a_whole_are_one_bar_with_the_small_ones_together(alone):
    html = figures.fragment("stacked", alone(SYSTEMS), title="Systems")
    assert re.findall(r">(Windows|macOS|iOS|Linux|All others|Other)</text>", html) == [
        "Windows", "macOS", "iOS", "All others",
    ]  # fmt: skip
    assert ">49.17 %</text>" in html
    table = html.partition("<details>")[2]
    assert "Linux" in table
    assert "too small to show" in table
    assert "Too small to show: Other." in html


def test_what_may_be_in_several_cells_is_no_whole(world, release):
    for each in (world["features"], world["month"], release("rows", SYSTEMS, by="os", unit="rows")):
        with pytest.raises(UsageError, match=r"bars|one release"):
            figures.fragment("stacked", each)


def test_a_persona_names_a_trait_only_where_it_is_clearly_ahead(alone):
    genres = alone({"rock": 900.0, "hip_hop": 905.0, "jazz": 300.0}, by="genre", name="genres")
    html = figures.fragment("persona", alone(SYSTEMS), genres, labels=["Works on", "Makes"])
    assert re.findall("<dd>(.*?)</dd>", html) == ['Windows <span class="note">6,200, ±39</span>', "Hip hop or Rock"]
    assert "No real person is like this, and nobody was looked up." in html


def test_a_persona_of_too_few_says_so(alone):
    html = figures.fragment("persona", alone(SYSTEMS), alone({"rock": 9.0, "jazz": 8.0}, by="genre", name="few"))
    assert "too few accounts to say" in html
    assert "Rock" not in html


def test_a_persona_is_never_gear_genre_and_country(alone):
    gear, genre, country = (alone({"a": 900.0, "b": 90.0}, by=by, name=by) for by in ("host", "genre", "country"))
    assert "composite" in figures.fragment("persona", gear, genre)
    with pytest.raises(UsageError, match="together"):
        figures.fragment("persona", gear, genre, country)


def test_a_persona_is_made_of_several_separate_statistics(alone, world, release):
    for of in (
        [alone(SYSTEMS)],
        [alone(SYSTEMS), world["month"]],
        [alone(SYSTEMS), release("r", SYSTEMS, unit="rows")],
    ):
        with pytest.raises(UsageError):
            figures.fragment("persona", *of)


def test_a_method_is_four_plain_lines(release):
    cohort = replace(release("c", 900.0, cohort=ADOPTERS), population="not opted out", floor=50)
    html = figures.fragment("method", release("m", 9000.0), cohort)
    assert re.findall("<dt>([^<]*)</dt>", html) == [
        "What was counted", "What is not in it", "How people are protected", "What may not be said",
    ]  # fmt: skip
    said = _text(html)
    for part in ("October 2026", "adopters of Mix assist", "opted out", "below 50", "caused"):
        assert part in said
    assert "opted out" not in _text(figures.fragment("method", release("m", 9000.0)))


def test_every_number_has_a_footnote_with_its_release_question_noise_bounds_month_and_population(release):
    rows = release("rows", {"chat": 900.0}, unit="rows", cohort=ADOPTERS)
    html = figures.fragment("footnotes", rows, release("m", 9000.0, month=SEPTEMBER), rows)
    assert html.count("<li ") == 2
    said = _text(html)
    for part in (
        "Events by feature, October 2026", "adopters of Mix assist, of all accounts", "standard deviation 20.0",
        "An account adds at most 1 event to the number", "r-rows", "Accounts, September 2026", "r-m",
    ):  # fmt: skip
        assert part in said


def test_sources_lead_to_the_footnotes_of_everything_a_number_was_made_of(world):
    part = share(world["features"], of=world["month"])
    page = figures.fragment("bars", part, sources=True) + figures.fragment(
        "footnotes", world["features"], world["month"]
    )
    targets = re.findall('href="#([^"]*)"', page)
    assert targets == ["r-features", "r-month"]
    assert {f'<li id="{target}">' in page for target in targets} == {True}


def test_footnotes_are_about_stored_releases(world):
    with pytest.raises(UsageError):
        figures.fragment("footnotes", share(world["features"], of=world["month"]))


@pytest.mark.parametrize("sources", [False, "yes", 1, []])
def test_sources_are_there_or_not(world, sources):
    with pytest.raises(UsageError):
        figures.fragment("bars", world["features"], sources=sources)


def test_the_privacy_box_counts_what_is_not_shown_and_prints_how_good_themes_are(world):
    told = replace(world["features"], recorded={"themes": "About 8 in 10 messages get the theme that a person gave."})
    said = _text(figures.fragment("privacy_box", told, told, world["month"]))
    assert "1 of 5 values asked for" in said
    assert "drawn again from its stored numbers" in said
    assert "About 8 in 10 messages" in said


def test_every_new_fragment_can_be_drawn_again_from_the_store(tmp_path, alone, release, groups):
    counted = [alone(SYSTEMS), alone({"rock": 900.0, "jazz": 90.0}, by="genre", name="genre")]
    parts = [
        release(f"{name}{at}", value, month=month)
        for at, month in enumerate((SEPTEMBER, "2026-10") * 2)
        for name, value in (("part", 3000.0), ("of", 10_000.0))
    ]
    folder = tmp_path / "releases"
    folder.mkdir()
    store = FolderStore(folder)
    for each in (*counted, *parts):
        store.put(each.id, each.to_json())
    for html in (
        figures.fragment("stacked", counted[0]),
        figures.fragment("persona", *counted),
        figures.fragment("slopes", *groups(0.3, 0.3, 0.3, 0.3)),
        figures.fragment("method", *counted),
        figures.fragment("footnotes", *counted),
        figures.fragment("tiles", parts[2], parts[0], before=[1], sources=True),
    ):
        assert figures.render(json.loads(unescape(figures.opening.match(html)[1])), store) == html
