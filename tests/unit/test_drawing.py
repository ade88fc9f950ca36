import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.dp.questions import Bounded, CountAccounts, Key, Retention, TopKeys
from privacy_analytics.dp.releases import Cell, Release
from privacy_analytics.drawing import Blocks, Outcome, Purse, anchor_of, draw, plan_id, set_aside
from privacy_analytics.errors import InsufficientLoss

OS = Key("os", (("macos", "macos"), ("linux", "linux")))
MONTH = Bounded(CountAccounts("events"), (), 1, 1, "all", "2026-10.r0")
BY_OS = Bounded(CountAccounts("events", by="os"), (OS,), 1, 1, "all", "2026-10.r0")
CRASHED = replace(MONTH, question=CountAccounts("crashes"))
BLOCKS: Blocks = {"month": (MONTH,), "os": (BY_OS,)}


@pytest.fixture
def purse(tmp_path: Path) -> Purse:
    return Purse(Ledger(f"sqlite:///{tmp_path}/ledger.sqlite"), ("2026-10",), "usage", Charge(100_000_000))


def answered(bounded: Bounded, charge: Charge, accounts: float = 5000) -> Release:
    cells = tuple(Cell(key, accounts, 0, 0, 1, "ok") for key in bounded.cells)
    return Release(
        id=bounded.release_id, key=bounded.key, unit="accounts", table="events", by=bounded.names,
        month="2026-10", snapshot=bounded.snapshot, population="all", floor=20, cells=cells,
        question=bounded.canonical(), nano_rho=charge.nano_rho, delta=charge.delta,
    )  # fmt: skip


def run(purse: Purse, blocks: Blocks = BLOCKS, **about: Any) -> Outcome:
    given: dict[str, Any] = {"budget": Charge(1_000_000), "explicit": False, "accounts": 1e5, "answer": answered}
    return draw(blocks, purse, **given | about)


def drawn(purse: Purse) -> dict[str, int]:
    return {event.key: event.nano_rho for event in purse.ledger.events() if event.kind == "drawing"}


def test_a_plan_is_its_questions_and_purpose_in_any_order():
    assert plan_id(BLOCKS, "usage") == plan_id(dict(reversed(BLOCKS.items())), "usage")
    assert plan_id(BLOCKS, "usage") != plan_id(BLOCKS, "marketing")
    assert plan_id(BLOCKS, "usage") != plan_id({"month": (MONTH,)}, "usage")


def test_the_block_that_counts_everybody_once_is_the_anchor():
    assert anchor_of(BLOCKS) == "month"
    filtered = replace(MONTH, question=CountAccounts("events", where={"os": "macos"}))
    assert anchor_of({"os": (BY_OS,), "mac": (filtered,)}) is None


def test_the_anchor_is_released_first_for_a_tenth(purse: Purse):
    run(purse)
    assert next(iter(drawn(purse).items())) == (MONTH.key, 100_000)
    assert sum(drawn(purse).values()) <= 1_000_000


def test_alone_the_anchor_gets_everything():
    assert set_aside({"month": (MONTH,)}, "month", Charge(70)) == ([], {"month": (MONTH,)}, Charge(70))


def test_the_rest_is_planned_by_the_anchors_released_number_alone(purse: Purse):
    outcome = run(purse, answer=lambda bounded, charge: answered(bounded, charge, accounts=10))
    assert [small.name for small in outcome.too_small] == ["os"]
    assert list(drawn(purse)) == [MONTH.key]


def test_a_frozen_plan_resumes_on_what_it_reserved_whatever_is_asked_later(purse: Purse):
    with pytest.raises(KeyboardInterrupt):
        run(purse, answer=interrupted)
    spent = purse.spent.nano_rho
    run(purse, dict(reversed(BLOCKS.items())), budget=Charge(77), accounts=3.0)
    assert purse.spent.nano_rho == spent + 100_000  # the anchor's, lost and paid again
    assert drawn(purse)[BY_OS.key] <= 900_000


def test_what_was_committed_before_a_crash_is_not_drawn_again(purse: Purse):
    def second_fails(bounded: Bounded, charge: Charge) -> Release:
        return answered(bounded, charge) if bounded == MONTH else interrupted(bounded, charge)

    with pytest.raises(KeyboardInterrupt):
        run(purse, answer=second_fails)
    run(purse)
    keys = [event.key for event in purse.ledger.events() if event.kind == "drawing"]
    assert keys == [MONTH.key, BY_OS.key, BY_OS.key]


def test_one_question_under_two_names_is_drawn_once(purse: Purse):
    run(purse, {"os": (BY_OS,), "systems": (BY_OS,)})
    assert [event.kind for event in purse.ledger.events()] == ["reserve", "drawing", "commit"]


def interrupted(bounded: Bounded, charge: Charge) -> Release:
    raise KeyboardInterrupt


def test_the_anchor_of_a_frozen_plan_is_the_one_it_was_reserved_with(purse: Purse):
    run(purse, {"month": (MONTH,), "crashed": (CRASHED,), "os": (BY_OS,)})
    payload = json.loads(purse.ledger.events()[0].payload)
    assert (payload["anchor"], payload["blocks"]) == ("month", ["crashed", "month", "os"])


def test_where_nothing_would_be_useful_nothing_is_reserved(purse: Purse):
    outcome = run(purse, {"os": (BY_OS,)}, accounts=3.0)
    assert ([small.name for small in outcome.too_small], purse.spent) == (["os"], Charge())
    assert run(purse, {"os": (BY_OS,)}, accounts=3.0, explicit=True).too_small == []
    assert purse.spent.nano_rho == 1_000_000


def test_less_than_one_unit_a_block_is_nothing_left(purse: Purse):
    with pytest.raises(InsufficientLoss):
        run(purse, budget=Charge(1))
    assert purse.ledger.events() == []


def test_answers_that_are_there_are_not_drawn_again(purse: Purse):
    run(purse, {"month": (MONTH,)})
    run(purse)
    run(purse)
    assert [event.kind for event in purse.ledger.events()] == ["reserve", "drawing", "commit"] * 2
    assert json.loads(purse.ledger.events()[3].payload)["blocks"] == ["os"]


SPANNING = Bounded(Retention(), (OS, OS), 2, 1, "all", "r0+r0", months=("2026-09", "2026-10"))


def spanning(purse: Purse) -> Purse:
    return replace(purse, months=("2026-09", "2026-10"))


def test_a_spanning_question_is_charged_to_each_of_its_months(purse: Purse):
    run(spanning(purse), {"stay": (SPANNING,)}, explicit=True)
    assert [purse.ledger.spent(month, "usage").nano_rho for month in ("2026-09", "2026-10")] == [1_000_000] * 2
    assert purse.ledger.spent("2026-08", "usage") == Charge()


def test_several_months_have_left_what_the_poorest_of_them_has(purse: Purse):
    run(replace(purse, months=("2026-09",)), {"month": (MONTH,)}, budget=Charge(30_000_000))
    assert spanning(purse).left == Charge(70_000_000)
    assert (purse.left, spanning(purse).spent) == (Charge(100_000_000), Charge())
    with pytest.raises(InsufficientLoss):
        run(spanning(purse), {"stay": (SPANNING,)}, budget=Charge(70_000_001), explicit=True)
    assert purse.ledger.spent("2026-10", "usage") == Charge()


def test_delta_goes_to_the_questions_that_find_phrases_alone(tmp_path: Path):
    purse = Purse(Ledger(f"sqlite:///{tmp_path}/ledger.sqlite"), ("2026-10",), "usage", Charge(10**9, 1000))
    phrases = Bounded(TopKeys("messages", "content"), (), 30, 1, "all", "2026-10.r0")
    run(purse, {"os": (BY_OS,), "phrases": (phrases,)}, budget=Charge(10**8, 1000), explicit=True)
    charged = {event.key: event.delta for event in purse.ledger.events() if event.kind == "drawing"}
    assert charged == {BY_OS.key: 0, phrases.key: 1000}
