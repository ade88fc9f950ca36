import logging
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from privacy_analytics.contracts import tables
from privacy_analytics.counting import OPERATOR, LakeEngine
from privacy_analytics.dp.questions import Adopters, Bounded, CountAccounts, CountRows, Question
from privacy_analytics.lake import Lake
from privacy_analytics.resolve import resolve
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import snapshot

Counted = Callable[..., list[int]]


def about(settings: Settings, question: Question, purpose: str = "usage") -> tuple[Bounded, LakeEngine]:
    frozen, contract = snapshot(settings, "2026-10"), tables(settings)
    bounded = resolve(question, contract, purpose=purpose, month="2026-10", snapshot=frozen.token)
    return bounded, LakeEngine(Lake(settings.path("lake")), contract, [frozen], b"salt", "UTC")


def vector(settings: Settings, question: Question) -> list[int]:
    bounded, engine = about(settings, question)
    return engine.sums(bounded).n.ravel().tolist()


def test_cells_come_in_the_order_of_the_public_list(workspace_with: Any, events: Any):
    settings = workspace_with(pl.concat([events(range(4), feature="mix_assist"), events(range(2), feature="chat")]))
    bounded, engine = about(settings, CountAccounts("events", by="feature"))
    counted = dict(zip(bounded.cells, engine.sums(bounded).n.ravel().tolist(), strict=True))
    assert (counted.pop(("mix_assist",)), counted.pop(("chat",))) == (4, 2)
    assert set(counted.values()) == {0}


@pytest.mark.parametrize("by", ["day", "week"])
def test_an_account_counts_once_a_day_or_week(workspace_with: Any, events: Any, by: str):
    frames = [events([1, 2], day=day, rows=3) for day in (5, 6, 7, 20)]
    counted = vector(workspace_with(pl.concat(frames)), CountAccounts("events", by=by))
    assert sorted(counted, reverse=True)[:5] == ([2, 2, 2, 2, 0] if by == "day" else [2, 2, 0, 0, 0])


def test_only_account_hash_and_cell_reach_the_bounding(october: Settings):
    bounded, engine = about(october, CountRows("events", by=["os", "day"], cohort=Adopters("chat")))
    assert engine.rows(bounded).collect_schema().names() == ["account", "account_hash", "cell"]


@pytest.mark.parametrize(
    "question",
    [
        CountAccounts("events", by=["os", "feature"], per_account=1),
        CountRows("events", by="feature", where={"event": "feature_used"}, cohort=Adopters("chat")),
        CountAccounts("events", by="week"),
        CountRows("sessions", by="os"),
    ],
)
def test_one_account_more_changes_the_vector_by_no_more_than_its_bound(
    workspace_with: Any, events: Any, question: Question
):
    """Locality, from the lake to the cells: whatever the new account did, all others count as before."""
    plain = pl.concat([events(range(40), feature=feature) for feature in ("chat", "mix_assist", "lyric_ideas")])
    heavy = [
        events([99], feature=f, day=d, rows=70) for f in ("chat", "undo_history", "mix_assist") for d in (1, 9, 30)
    ]
    among = pl.concat([*heavy, plain])
    shuffled = among.sample(fraction=1, shuffle=True, seed=3)
    vectors = [vector(workspace_with(frame), question) for frame in (plain, among, shuffled)]
    bounded, _ = about(workspace_with(plain), question)
    difference = [a - b for a, b in zip(vectors[1], vectors[0], strict=True)]
    assert all(0 <= each <= bounded.per_cell for each in difference)
    assert sum(each**2 for each in difference) <= bounded.per_account * bounded.per_cell**2
    assert vectors[1] == vectors[2]


def test_a_month_without_rows_of_a_table_counts_nothing(october: Settings):
    assert set(vector(october, CountRows("crashes", by="code"))) == {0}


def test_the_operators_words_never_reach_standard_error():
    assert not OPERATOR.propagate
    assert not any(type(handler) is logging.StreamHandler for handler in OPERATOR.handlers)
