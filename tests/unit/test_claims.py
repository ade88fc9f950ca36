"""Sentences that a reader may rely on: the strongest wording that the corrected interval supports, or none."""

from dataclasses import replace

import numpy as np
import pytest

from privacy_analytics import claims, figures
from privacy_analytics.claims import Told
from privacy_analytics.dp.corrected import Estimate, estimate
from privacy_analytics.dp.releases import Mechanism
from privacy_analytics.errors import UsageError
from privacy_analytics.figures.estimates import TIMES, moved, number, span
from privacy_analytics.figures.format import Measure

GROUP = {"kind": "adopters", "key": "mix_assist", "rest": False}
SHARE = Measure(" %", 100, most=1.0)


@pytest.fixture
def told(release):
    """A month and the one before; a feature that grew; a group that exports twice as often as the others."""

    def counts(suffix, chat, mix, month):
        return release(f"features{suffix}", {"chat": chat, "mix_assist": mix, "undo": 900.0}, sigma=10.0, month=month)

    now = {
        "month": release("month", 11_000.0, sigma=10.0),
        "features": counts("", 9_000.0, 3_000.0, "2026-10"),
        "group": release("group", 3_000.0, sigma=10.0, cohort=GROUP),
        "others": release("others", 8_000.0, sigma=10.0, cohort=GROUP | {"rest": True}),
        "exports": release("exports", 1_800.0, sigma=10.0, cohort=GROUP),
        "other_exports": release("other_exports", 2_000.0, sigma=10.0, cohort=GROUP | {"rest": True}),
        "even": release("even", 800.0, sigma=10.0, cohort=GROUP),
        "other_even": release("other_even", 2_130.0, sigma=10.0, cohort=GROUP | {"rest": True}),
        "tiny": release("tiny", 25.0, sigma=10.0),
    }
    before = {
        "month": release("month_before", 10_000.0, sigma=10.0, month="2026-09"),
        "features": counts("_before", 8_200.0, 1_500.0, "2026-09"),
    }
    return Told(now, before)


def said(told, *asked):
    specs = [spec for claim in asked if (spec := told.spec(claim))]
    return figures.judged(specs, told.used)


def test_an_amount_has_its_interval_and_month(told):
    (only,) = said(told, claims.amount("month", "accounts were active"))
    assert only.text == "About 11,000 (10,980 to 11,020) accounts were active in October 2026."


def test_a_trend_says_how_much_since_when(told):
    (only,) = said(told, claims.trend("month", "the number of active accounts"))
    assert only.text == "The number of active accounts rose by 9.5 to 10.5 % from September 2026 to October 2026."


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (2.0, 2.6, "more than doubled"),
        (1.99, 2.6, "rose by"),
        (1.2, 9.0, "rose by at least 20 %"),
        (1.05, 1.2, "rose by 5"),
        (0.97, 1.03, "stayed level"),
        (0.9, 1.1, "did not clearly change"),
        (0.8, 0.999, "fell by"),
        (0.3, 0.5, "fell by more than half"),
    ],
)
def test_a_change_is_called_what_its_whole_interval_is(low, high, says):
    assert moved(Estimate((low + high) / 2, low, high))[1].startswith(says)


def test_a_group_is_twice_as_likely_only_where_the_lower_end_says_so(told):
    (only,) = said(told, claims.versus(("exports", "group"), ("other_exports", "others"), "finished an export"))
    assert only.verdict == "clear"
    assert "adopters of Mix assist were at least twice as likely (2.3" in only.text
    assert "active accounts without Mix assist" in only.text
    assert "does not say that one causes the other" in only.text


def test_where_the_interval_holds_one_there_is_no_clear_difference(told):
    (only,) = said(told, claims.versus(("even", "group"), ("other_even", "others"), "came back"))
    assert only.verdict == "unclear"
    assert "no clear difference" in only.text


def test_the_leader_is_named_only_when_it_is_clearly_ahead(told, release):
    ahead = claims.leader("features", "the feature that most accounts used", of="month")
    assert "Chat, 81.8 %" in said(told, ahead)[0].text
    told.now["features"] = release("tie", {"chat": 3_000.0, "mix_assist": 2_990.0, "undo": 900.0}, sigma=10.0)
    assert "Chat" in said(told, ahead)[0].text
    assert "; then Mix assist" in said(told, ahead)[0].text
    told.now["features"] = release("three", {"chat": 910.0, "mix_assist": 905.0, "undo": 900.0}, sigma=10.0)
    assert said(told, ahead)[0].verdict == "dropped"


def test_the_riser_is_the_key_that_surely_rose_most(told):
    (only,) = said(told, claims.riser("features", "the share of accounts that used it", of="month"))
    assert only.text.startswith("Mix assist: the share of accounts that used it rose by")


@pytest.mark.parametrize(
    "claim",
    [
        claims.amount("tiny", "accounts did"),
        claims.amount("absent", "accounts did"),
        claims.trend("group", "the group"),
        claims.trend(("tiny", "month"), "it"),
    ],
)
def test_what_is_small_noisy_or_absent_is_not_said(told, claim):
    assert all(each.text == "" for each in said(told, claim))


def test_ten_sentences_are_each_less_sure_than_one(told):
    one = claims.amount("month", "accounts were active")
    alone, among = said(told, one)[0].text, said(told, one, *[claims.amount("group", "were in the group")] * 9)[0].text
    assert alone != among
    assert "(10,970 to 11,030)" in among


def test_a_sentence_shown_alone_stays_as_sure_as_among_all(told, store):
    asked = [claims.amount("month", "accounts were active"), claims.amount("group", "were {who}")]
    specs = [told.spec(claim) for claim in asked]
    together = figures.judged(specs, told.used)[1].text
    spec = figures.specifications(figures.fragment("claims", *told.used, claims=specs))[0]
    places, options = figures.single(spec, 1)
    alone = figures.fragment("claim", *[told.used[at] for at in places], **options)
    assert together in alone
    assert "were adopters of Mix assist" in together


def test_an_unsupported_sentence_cannot_be_drawn(told):
    spec = told.spec(claims.amount("tiny", "accounts did"))
    with pytest.raises(UsageError, match="not supported"):
        figures.fragment("claim", *told.used, claim=spec, offered=1)


def test_a_page_shows_five_sentences_and_says_how_many_were_tried(told):
    specs = [told.spec(claims.amount("month", f"accounts {word}")) for word in ("a", "b", "c", "d", "e", "f")]
    html = figures.fragment("claims", *told.used, claims=specs)
    assert html.count("<li") == 5
    assert "6 sentences were tried" in html


@pytest.mark.parametrize("says", ["used it 3 times", "used it in 2026"])
def test_a_sentence_holds_no_number_of_its_own(told, says):
    with pytest.raises(UsageError, match="digit"):
        figures.fragment("claims", *told.used, claims=[told.spec(claims.amount("month", says))])


def test_markup_in_a_sentence_is_shown_as_text(told):
    spec = told.spec(claims.amount("month", "<b>x</b>"))
    html = figures.fragment("claims", *told.used, claims=[spec])
    assert "<b>" not in html


@pytest.mark.parametrize("broken", [{"form": "rumour"}, {"says": None}, {"as": "percent"}, {"extra": 1}])
def test_a_claim_of_another_shape_is_refused(told, broken):
    spec = told.spec(claims.amount("month", "accounts")) | broken
    with pytest.raises(UsageError):
        figures.fragment("claims", *told.used, claims=[spec])


def test_several_bins_of_one_histogram_are_one_part(told, release):
    bins = release("often", {"2 to 4": 700.0, "4 or more": 500.0}, by="rows", sigma=5.0)
    told.now["often"] = replace(bins, mechanism=replace(bins.mechanism or Mechanism("", 1, 1, 1, 1), per_account=1))
    (only,) = said(told, claims.amount("often:2 to 4|4 or more", "accounts came back"))
    assert only.text.startswith("About 1,200")


def test_ends_are_rounded_outwards():
    assert span(Estimate(0.1234, 0.1013, 0.1455), SHARE) == "10.0 to 14.6 %"
    assert number(Estimate(0.1234, 0.1013, 0.1455), SHARE).startswith("12.4 %")


@pytest.mark.parametrize(("low", "high"), [(1.003, 1.4), (0.6, 0.998), (1.0001, 9.0)])
def test_what_is_clear_of_one_is_written_clear_of_one(low, high):
    words = span(Estimate((low + high) / 2, low, high), TIMES)
    written = [float(word) for word in words.replace(" times", "").split(" to ")]
    assert (written[0] > 1) == (low > 1)
    assert written[0] <= low
    assert written[1] >= high


def test_all_sentences_of_a_report_hold_together_in_95_of_100(release):
    """6,000 reports with fresh noise: false alarm below 1e-4 where all hold with at least .95 (4.3 sigma of 6,000)."""
    rng, reports, held = np.random.default_rng(11), 6_000, 0
    truth = {"month": 11_000.0, "group": 3_000.0, "exports": 1_800.0, "others": 8_000.0, "other_exports": 2_000.0}
    asked = [
        claims.amount("month", "x"),
        claims.amount(("exports", "group"), "x"),
        claims.versus(("exports", "group"), ("other_exports", "others"), "x"),
    ]
    for _ in range(reports):
        now = {name: release(name, float(round(v + rng.normal(0, 12)))) for name, v in truth.items()}
        now = {name: replace(r, cells=(replace(r.cells[0], sigma=12.0),)) for name, r in now.items()}
        told = Told(now, {})
        trees = [told.spec(claim)["tree"] for claim in asked]
        held += all(
            (found := estimate(tree, told.used, 0.05 / len(asked)))
            and found.low <= _true(tree, told.used, truth) <= found.high
            for tree in trees
        )
    assert held / reports >= 0.95 - 4.3 * (0.05 * 0.95 / reports) ** 0.5


def _true(tree, used, truth):
    if isinstance(tree, dict):
        return truth[used[tree["of"]].id.removeprefix("r-")]
    return _true(tree[0], used, truth) / _true(tree[1], used, truth)


def test_a_difference_that_is_neither_clear_nor_small_is_not_said(told, release):
    told.now["exports"] = release("loose", 760.0, sigma=260.0, cohort=GROUP)
    assert said(told, claims.versus(("exports", "group"), ("other_exports", "others"), "finished"))[0].text == ""


def test_a_misspelt_block_of_a_claim_is_refused(october, session_of):
    from privacy_analytics.dp.questions import CountAccounts

    released = session_of(october, "usage").plan(month=CountAccounts("events")).release()
    with pytest.raises(UsageError, match="no such block"):
        released.claims(claims.amount("mnth", "were active"))
