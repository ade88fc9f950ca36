"""A short soak (``make soak`` is the long one), and proof that its checker sees each fault that it is there for."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from schedules import Ask, Charge, Fault, Life, Schedule, Told, check, survive

from privacy_analytics.dp.ledger import Event

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")  # its threads rest
SCHEDULES = 60
ALLOWANCE = Charge(10, 1)


ASK = Ask("p", "usage", ("2026-09", "2026-10"), ("a", "b"), Charge(5, 1))
EVERY_STEP = [Schedule((Life((ASK, ASK), step=step),), Charge(40, 40)) for step in range(1, 14)]


@pytest.fixture
def run(empty_url: Callable[[], str], tmp_path: Path) -> Callable[..., Told]:
    def told(schedules: Iterable[Schedule], fault: Fault | None = None) -> Told:
        found = Told()
        for number, schedule in enumerate(schedules):
            survive(schedule, empty_url(), tmp_path / f"{number}", found, fault)
        return found

    return told


@pytest.mark.slow
def test_processes_that_die_anywhere_never_overspend_nor_pay_twice_nor_release_uncharged(run: Callable[..., Told]):
    told = run(map(Schedule.drawn, range(SCHEDULES)))
    assert told.findings == []
    assert told.counts["killed"] > SCHEDULES / 2
    assert told.counts["lost charges"] > 0
    assert told.counts["commit"] > SCHEDULES


@pytest.mark.slow
def test_one_that_dies_before_each_of_its_steps_loses_no_more_than_what_it_drew(run: Callable[..., Told]):
    told = run(EVERY_STEP)
    assert told.findings == []
    assert told.counts["killed"] == len(EVERY_STEP)
    dies_between_drawing_and_commit, months = 2 * 2, len(ASK.months)
    assert told.counts["lost charges"] == dies_between_drawing_and_commit * months


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("charge after noise", "noise was drawn before its charge"),
        ("cache bypass", "a committed answer was charged again"),
    ],
)
def test_a_planted_fault_is_named(run: Callable[..., Told], fault: Fault, named: str):
    assert named in run(EVERY_STEP, fault).findings


@pytest.mark.slow
def test_without_turns_the_ledger_itself_still_lets_nothing_through(run: Callable[..., Told]):
    """A second live reservation or a late drawing is refused as an error; nothing is overspent or given uncharged."""
    told = run(map(Schedule.drawn, range(25)), "no turn")
    assert any("meanwhile" in finding for finding in told.findings)
    kept = ("a worker failed", "charged twice though nobody died")
    assert [finding for finding in told.findings if not finding.startswith(kept)] == []


def event(kind: str, nano_rho: int = 5, **changed: Any) -> Event:
    about = {"month": "2026-10", "purpose": "usage", "plan": "p", "key": "" if kind == "reserve" else "k"}
    rest = {"at": "", "attempt": 0, "delta": 0, "payload": "", "previous": "", "hash": "", "seq": 0}
    return Event(kind=kind, nano_rho=nano_rho, **{**about, **rest, **changed})


HONEST = [event("reserve"), event("drawing"), event("commit", payload="x")]


@pytest.mark.parametrize(
    ("events", "drawn", "given", "named"),
    [
        (HONEST, [("p", "k")], [("k", "x")], []),
        ([event("reserve", 11)], [], [], ["overspent"]),
        ([event("reserve", delta=2)], [], [], ["overspent"]),
        ([event("reserve", 4), event("drawing")], [], [], ["a drawing beyond its reservation"]),
        ([event("commit")], [], [], ["a release without a charge"]),
        ([*HONEST, event("drawing", 0, attempt=1)], [], [], ["a committed answer was charged again"]),
        ([event("reserve"), event("reserve")], [], [], ["a plan was reserved twice"]),
        (HONEST, [("p", "k")] * 2, [], ["noise was drawn before its charge"]),
        (HONEST, [], [("k", "y")], ["an answer was given that is not the committed one"]),
        (HONEST, [], [("another", "x")], ["an answer was given that is not the committed one"]),
    ],
)
def test_the_checker_names_what_is_wrong_and_only_that(events: list[Event], drawn: Any, given: Any, named: list[str]):
    assert check(events, drawn, given, ALLOWANCE, deaths=1) == named


def test_a_second_charge_is_right_only_where_somebody_died():
    events = [event("reserve"), event("drawing"), event("reserve", key="k", attempt=1), event("drawing", attempt=1)]
    assert check(events, [], [], ALLOWANCE, deaths=2) == []
    assert check(events, [], [], ALLOWANCE, deaths=1) == ["charged twice though nobody died"]
