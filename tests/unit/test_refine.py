"""More precision and better bounds are paid for openly, once."""

import polars as pl
import pytest

from privacy_analytics.dp.questions import CountAccounts, CountRows, Mean, Quantiles, TopKeys
from privacy_analytics.errors import InsufficientLoss, UsageError

ROWS = CountRows("events", by="feature", per_cell=3)


@pytest.fixture
def session(october, session_of):
    return session_of(october)


def spent(session) -> float:
    return session._curator.call("budget", {"month": "2026-10"})["purposes"]["exploration"]["spent"]


def test_refining_keeps_the_first_answer_and_narrows_it(session):
    first = session.release(ROWS)
    refined = session.refine(ROWS, draws=3)
    assert session.release(ROWS).release.to_json() == first.release.to_json()
    assert refined["chat"].sigma < first["chat"].sigma
    assert len(refined.release.expression["of"]) == 3


def test_refining_again_is_the_same_answer_for_nothing(session):
    refined, before = session.refine(ROWS, draws=2), spent(session)
    assert session.refine(ROWS, draws=2).release == refined.release
    assert spent(session) == before


def test_every_draw_is_paid_for(session):
    session.release(ROWS)
    before = spent(session)
    session.refine(ROWS, draws=2)
    assert spent(session) > before


def test_draws_have_noise_of_their_own(session):
    ids = session.refine(ROWS, draws=2).release.expression["of"]
    first, second = (session._curator.store.get(each) for each in ids)
    assert [cell.value for cell in first.cells] != [cell.value for cell in second.cells]


def test_a_mean_is_not_refined_and_costs_nothing(session):
    with pytest.raises(UsageError, match="ask with a larger share"):
        session.refine(Mean("sessions", "minutes"))
    assert spent(session) == 0


def test_a_draw_beyond_any_number_is_refused(session):
    with pytest.raises(UsageError, match="at most 100 times"):
        session.plan(ROWS, again=101)


def test_where_nothing_is_left_nothing_is_refined(session):
    session.release(CountAccounts("events"), share=1.0)
    with pytest.raises(InsufficientLoss):
        session.refine(ROWS)


@pytest.mark.parametrize(("column", "of", "most"), [("rows", "total", 100), ("duration_ms", "mean", 3_600_000)])
def test_suggested_bounds_are_within_the_contracts_and_cost_once(session, column, of, most):
    suggested, before = session.suggest_bounds("events", column, of=of), spent(session)
    low, high = suggested.bounds
    assert 0 == low < high <= most
    assert before > 0
    assert session.suggest_bounds("events", column, of=of).bounds == suggested.bounds
    assert spent(session) == before
    assert "19 in 20 accounts" in repr(suggested)
    assert Mean("events", column, bounds=suggested.bounds).bounds == suggested.bounds


def test_bounds_are_suggested_that_can_be_used_where_everybody_has_the_lowest_value(workspace_with, events, session_of):
    still = events(range(3000)).with_columns(duration_ms=pl.lit(0.0))
    suggested = session_of(workspace_with(still)).suggest_bounds("events", "duration_ms", share=1.0)
    assert suggested.bounds[0] < suggested.bounds[1]


@pytest.mark.parametrize(
    ("question", "share", "says"),
    [
        (TopKeys("messages", "content"), 3.5e-6, "delta"),
        (Quantiles("events", "rows", [0.25, 0.5, 0.75], by="feature"), 1e-6, "rho"),
    ],
)
def test_what_cannot_be_drawn_for_its_share_is_refused_before_it_costs(session, question, share, says):
    with pytest.raises(InsufficientLoss, match=f"needs {says}"):
        session.release(question, share=share)
    assert spent(session) == 0
