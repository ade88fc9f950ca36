"""What the ledger promises, on SQLite and on a real PostgreSQL server."""

import json
from typing import Any

import pytest
from databases import ALLOWED, OCTOBER, SPEND, spend

from privacy_analytics.dp.ledger import Answer, Charge, Ledger
from privacy_analytics.errors import InsufficientLoss, LedgerError, UsageError

QUARTER: dict[str, Any] = {"months": ["2026-08", "2026-09", "2026-10"], "purpose": "cohorts"}
NAMED = {"name": "Officer", "reason": "the disk broke"}


def kinds(ledger: Ledger) -> list[str]:
    return [event.kind for event in ledger.events()]


def test_what_was_spent_is_what_was_reserved(ledger: Ledger):
    spend(ledger, "p", "k", Charge(40, 7))
    ledger.reserve("q", **SPEND, charge=Charge(7), allowance=ALLOWED, payload="{}")
    assert ledger.spent(**OCTOBER) == Charge(47, 7)
    assert ledger.spent_by_month() == {"2026-10": Charge(47, 7)}
    assert ledger.spent("2026-10", "marketing") == ledger.spent("2026-11", "usage") == Charge()
    assert kinds(ledger) == ["reserve", "drawing", "commit", "reserve"]


@pytest.mark.parametrize(
    ("charge", "requested", "remaining", "said"),
    [(Charge(61), 61, 60, "rho 0.000000"), (Charge(1, 44), 44, 43, "delta 4.4e-14")],
)
def test_a_reservation_over_what_is_left_leaves_nothing_behind(
    ledger: Ledger, charge: Charge, requested: int, remaining: int, said: str
):
    spend(ledger)
    with pytest.raises(InsufficientLoss, match=said) as refused:
        ledger.reserve("q", **SPEND, charge=charge, allowance=ALLOWED, payload="{}")
    assert (refused.value.requested, refused.value.remaining) == (requested, remaining)
    assert len(ledger.events()) == 3
    ledger.reserve("q", **SPEND, charge=Charge(60, 43), allowance=ALLOWED, payload="{}")
    assert ledger.spent(**OCTOBER) == ALLOWED


def test_a_charge_is_never_less_than_nothing():
    with pytest.raises(UsageError, match="never given back"):
        Charge(1, -1)
    assert Charge(1, 5) - Charge(3, 2) == Charge(0, 3)
    assert Charge(1, 5).within(Charge(1, 5))
    assert not Charge(1, 5).within(Charge(9, 4))


def test_a_spanning_question_is_charged_to_every_month_that_it_touches(ledger: Ledger):
    ledger.reserve("p", **QUARTER, charge=Charge(10, 3), allowance=ALLOWED, payload="{}")
    ledger.drawing("p", **QUARTER, key="k", charge=Charge(10, 3), allowance=ALLOWED)
    ledger.commit("p", month="2026-10", purpose="cohorts", key="k", payload="the answer")
    assert ledger.spent_by_month() == dict.fromkeys(QUARTER["months"], Charge(10, 3))
    assert ledger.lifetime() == Charge(30, 9)
    assert kinds(ledger) == ["reserve"] * 3 + ["drawing"] * 3 + ["commit"]


def test_a_spanning_question_that_one_month_cannot_pay_is_charged_to_none(ledger: Ledger):
    ledger.reserve("q", months=["2026-09"], purpose="cohorts", charge=Charge(95), allowance=ALLOWED, payload="{}")
    with pytest.raises(InsufficientLoss, match="cohorts of 2026-09"):
        ledger.reserve("p", **QUARTER, charge=Charge(10), allowance=ALLOWED, payload="{}")
    assert ledger.spent_by_month() == {"2026-09": Charge(95)}
    assert ledger.plan("p") is None


def test_a_grant_adds_to_its_month_and_purpose_alone(ledger: Ledger):
    ledger.grant(**OCTOBER, charge=Charge(5, 1), **NAMED)
    ledger.reserve("p", **SPEND, charge=Charge(15, 1), allowance=Charge(10), payload="{}")
    assert ledger.granted(**OCTOBER) == Charge(5, 1)
    assert json.loads(ledger.events()[0].payload) == NAMED
    with pytest.raises(InsufficientLoss):
        ledger.reserve("q", months=["2026-11"], purpose="usage", charge=Charge(11), allowance=Charge(10), payload="{}")


@pytest.mark.parametrize("charge", [Charge(5, 1), Charge(4, 2)])
def test_a_plan_draws_no_more_than_it_reserved(ledger: Ledger, charge: Charge):
    ledger.reserve("p", **SPEND, charge=Charge(10, 2), allowance=ALLOWED, payload="{}")
    ledger.drawing("p", **SPEND, key="a", charge=Charge(6, 1), allowance=ALLOWED)
    with pytest.raises(InsufficientLoss, match="this plan has reserved"):
        ledger.drawing("p", **SPEND, key="b", charge=charge, allowance=ALLOWED)
    ledger.drawing("p", **SPEND, key="b", charge=Charge(4, 1), allowance=ALLOWED)


def test_a_plan_draws_in_no_month_that_it_did_not_reserve(ledger: Ledger):
    ledger.reserve("p", **SPEND, charge=Charge(10), allowance=ALLOWED, payload="{}")
    with pytest.raises(InsufficientLoss, match="this plan has reserved"):
        ledger.drawing(
            "p", months=["2026-10", "2026-11"], purpose="usage", key="a", charge=Charge(1), allowance=ALLOWED
        )
    assert kinds(ledger) == ["reserve"]


def test_drawing_again_is_paid_again_in_the_same_step(ledger: Ledger):
    about: dict[str, Any] = {"key": "a", "charge": Charge(5), "allowance": Charge(15)}
    ledger.reserve("p", **SPEND, charge=Charge(10), allowance=Charge(15), payload="the plan")
    ledger.drawing("p", **SPEND, **about)
    ledger.drawing("p", **SPEND, **about)
    assert ledger.spent(**OCTOBER) == Charge(15)
    with pytest.raises(InsufficientLoss):
        ledger.drawing("p", **SPEND, **about)
    assert ledger.spent(**OCTOBER) == Charge(15)
    assert [(event.kind, event.key, event.attempt) for event in ledger.events()] == [
        ("reserve", "", 0), ("drawing", "a", 0), ("reserve", "a", 1), ("drawing", "a", 1),
    ]  # fmt: skip
    assert ledger.plan("p") == "the plan"


def test_a_plan_is_reserved_once(ledger: Ledger):
    ledger.reserve("p", **SPEND, charge=Charge(1), allowance=ALLOWED, payload="{}")
    with pytest.raises(LedgerError, match="reserved meanwhile"):
        ledger.reserve("p", **SPEND, charge=Charge(1), allowance=ALLOWED, payload="{}")
    assert ledger.spent(**OCTOBER) == Charge(1)


def test_a_question_is_answered_once_and_never_charged_again(ledger: Ledger):
    spend(ledger)
    ledger.reserve("q", **SPEND, charge=Charge(1), allowance=ALLOWED, payload="{}")
    with pytest.raises(LedgerError, match="that answer is free"):
        ledger.drawing("q", **SPEND, key="k", charge=Charge(1), allowance=ALLOWED)
    with pytest.raises(LedgerError, match="that answer is free"):
        ledger.commit("p", **OCTOBER, key="k", payload="another answer")
    assert ledger.released("k") == '"answer to k"'
    assert ledger.verify() == 4


def test_a_release_that_was_not_paid_for_is_not_final(ledger: Ledger):
    ledger.reserve("p", **SPEND, charge=Charge(1), allowance=ALLOWED, payload="{}")
    with pytest.raises(LedgerError, match="not paid for"):
        ledger.commit("p", **OCTOBER, key="k", payload="an answer")
    assert ledger.released("k") is None


def test_what_was_never_committed_has_no_answer(ledger: Ledger):
    ledger.reserve("p", **SPEND, charge=Charge(10), allowance=ALLOWED, payload="{}")
    ledger.drawing("p", **SPEND, key="a", charge=Charge(5), allowance=ALLOWED)
    assert ledger.released("a") is None
    assert ledger.plan("q") is None


def test_releases_that_the_ledger_does_not_know_are_entered_with_their_charges(ledger: Ledger):
    spend(ledger)
    lost = Answer("another", ("2026-09", "2026-10"), "usage", Charge(90, 1), "seen by people")
    known = Answer("k", ("2026-10",), "usage", Charge(40, 7), '"answer to k"')
    assert ledger.unknown(["r-k", "r-another"]) == ["r-another"]
    assert ledger.enter([known, lost], **NAMED) == 1
    assert ledger.unknown(["r-k", "r-another"]) == []
    assert ledger.released("another") == "seen by people"
    assert ledger.spent(**OCTOBER) == Charge(130, 8)  # above what is allowed: nothing is lowered
    assert kinds(ledger)[3:] == ["restore", *["reserve", "drawing"] * 2, "commit"]
    assert json.loads(ledger.events()[3].payload) == NAMED | {"releases": 1}
    with pytest.raises(InsufficientLoss):
        ledger.reserve("q", **SPEND, charge=Charge(1), allowance=ALLOWED, payload="{}")
    assert ledger.enter([known, lost], **NAMED) == 0
