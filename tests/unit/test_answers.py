from typing import Any

import pytest

from privacy_analytics import CountAccounts, CountRows, Quantiles, change, compare, share, tiles
from privacy_analytics.settings import Settings


@pytest.fixture
def answers(october: Settings, session_of: Any, add: Any, events: Any) -> dict[str, Any]:
    add(october, events=events(range(2000), month="2026-09"))
    now, before = session_of(october), session_of(october, month="2026-09")
    return {
        "all": now.release(CountAccounts("events")),
        "features": now.release(CountAccounts("events", by="feature")),
        "rows": now.release(CountRows("events", per_cell=5)),
        "september": before.release(CountAccounts("events")),
    }


def test_arithmetic_on_answers_is_free(october: Settings, curator_of: Any, answers: dict[str, Any]):
    spent = curator_of(october).ledger.spent_by_month()
    part, grown = share(answers["features"], of=answers["all"]), change(answers["all"], answers["september"])
    assert curator_of(october).ledger.spent_by_month() == spent
    assert part["chat"].low < 1 / 3 < part["chat"].high
    assert grown[()].low < 0.5 < grown[()].high
    assert "spent nothing" in part.cost


def test_an_answer_shows_itself_and_its_error(answers: dict[str, Any]):
    answer = answers["features"]
    for shown in (answer.plot(), answer.table(), answer.sentence("chat")):
        assert shown._repr_html_()
        assert repr(shown)
    assert "<svg" in answer._repr_html_()
    assert "±" in repr(answer)
    assert answer.to_polars().columns == list(answer.to_pandas().columns)


def test_answers_stand_side_by_side(answers: dict[str, Any]):
    assert tiles(answers["all"], answers["rows"], labels=["people", "actions"]).html
    part = share(answers["features"], of=answers["all"])
    assert compare(part, part, names=["these", "everybody"]).html


def test_a_sentence_of_two_keys_names_both(october: Settings, session_of: Any):
    answer = session_of(october).release(Quantiles("events", "rows", [0.5, 0.9], by="feature"))
    shown = answer.sentence(("chat", "p90"))
    assert "Nine in ten accounts had at most" in repr(shown)
    assert "with Chat" in repr(shown)
    assert repr(shown) in shown.html


def test_an_answer_can_be_handed_on_as_a_file_that_passes_the_gate(october: Settings, answers: dict[str, Any]):
    from privacy_analytics.dp.store import FolderStore
    from privacy_analytics.gate import Vouched, check

    store = FolderStore(october.path("releases"))
    for name, data in (("a.csv", answers["features"].to_csv()), ("a.json", answers["features"].to_json())):
        assert check(name, data, store, Vouched()) == []
        assert check(name, data.replace(b"chat", b"chit"), store, Vouched()) != []
