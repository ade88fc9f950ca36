import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from privacy_analytics.dp import chain
from privacy_analytics.dp.ledger import Charge, Ledger
from privacy_analytics.errors import InsufficientLoss, LedgerError

OCTOBER: dict[str, Any] = {"month": "2026-10", "purpose": "usage"}
SPEND: dict[str, Any] = {"months": ["2026-10"], "purpose": "usage"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.sqlite"


@pytest.fixture
def url(file: Path) -> str:
    return f"sqlite:///{file}"


@pytest.fixture
def ledger(url: str) -> Ledger:
    return Ledger(url)


def spend(ledger: Ledger, plan: str = "p", key: str = "k", nano_rho: int = 40, allowance: int = 100) -> None:
    ledger.reserve(plan, **SPEND, charge=Charge(nano_rho), allowance=Charge(allowance), payload="{}")
    ledger.drawing(plan, **SPEND, key=key, charge=Charge(nano_rho), allowance=Charge(allowance))
    ledger.commit(plan, **OCTOBER, key=key, payload=f'"answer to {key}"')


def tamper(file: Path, *statements: str) -> None:
    """What somebody with the file and without scruples can do."""
    with sqlite3.connect(file) as connection:
        for verb in ("update", "delete"):
            connection.execute(f"DROP TRIGGER events_refuse_{verb}")
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_what_was_spent_is_what_was_reserved(ledger: Ledger):
    spend(ledger, "p", "k", 40)
    ledger.reserve("q", **SPEND, charge=Charge(7), allowance=Charge(100), payload="{}")
    assert ledger.spent(**OCTOBER) == Charge(47)
    assert ledger.spent_by_month() == {"2026-10": Charge(47)}
    assert ledger.spent("2026-10", "marketing") == ledger.spent("2026-11", "usage") == Charge()
    assert [event.kind for event in ledger.events()] == ["reserve", "drawing", "commit", "reserve"]


def test_a_reservation_over_what_is_left_leaves_nothing_behind(ledger: Ledger):
    spend(ledger, nano_rho=40)
    with pytest.raises(InsufficientLoss) as refused:
        ledger.reserve("q", **SPEND, charge=Charge(61), allowance=Charge(100), payload="{}")
    assert (refused.value.requested, refused.value.remaining) == (61, 60)
    assert ledger.spent(**OCTOBER) == Charge(40)
    ledger.reserve("q", **SPEND, charge=Charge(60), allowance=Charge(100), payload="{}")


def test_a_grant_adds_to_its_month_and_purpose_alone(ledger: Ledger):
    ledger.grant(**OCTOBER, charge=Charge(5), name="Officer", reason="a second look")
    ledger.reserve("p", **SPEND, charge=Charge(15), allowance=Charge(10), payload="{}")
    assert ledger.granted(**OCTOBER) == Charge(5)
    assert json.loads(ledger.events()[0].payload) == {"name": "Officer", "reason": "a second look"}
    with pytest.raises(InsufficientLoss):
        ledger.reserve("q", months=["2026-11"], purpose="usage", charge=Charge(11), allowance=Charge(10), payload="{}")


def test_a_plan_draws_no_more_than_it_reserved(ledger: Ledger):
    ledger.reserve("p", **SPEND, charge=Charge(10), allowance=Charge(100), payload="{}")
    ledger.drawing("p", **SPEND, key="a", charge=Charge(6), allowance=Charge(100))
    with pytest.raises(InsufficientLoss, match="this plan has reserved"):
        ledger.drawing("p", **SPEND, key="b", charge=Charge(5), allowance=Charge(100))
    ledger.drawing("p", **SPEND, key="b", charge=Charge(4), allowance=Charge(100))


def test_drawing_again_is_paid_again_in_the_same_step(ledger: Ledger):
    ledger.reserve("p", **SPEND, charge=Charge(10), allowance=Charge(15), payload="the plan")
    ledger.drawing("p", **SPEND, key="a", charge=Charge(5), allowance=Charge(15))
    ledger.drawing("p", **SPEND, key="a", charge=Charge(5), allowance=Charge(15))
    assert ledger.spent(**OCTOBER) == Charge(15)
    with pytest.raises(InsufficientLoss):
        ledger.drawing("p", **SPEND, key="a", charge=Charge(5), allowance=Charge(15))
    assert ledger.spent(**OCTOBER) == Charge(15)
    assert [event.kind for event in ledger.events()] == ["reserve", "drawing", "reserve", "drawing"]
    assert ledger.plan("p") == "the plan"


def test_a_question_is_answered_once(ledger: Ledger):
    spend(ledger)
    with pytest.raises(LedgerError, match="answered meanwhile"):
        ledger.commit("q", **OCTOBER, key="k", payload="another answer")
    assert ledger.released("k") == '"answer to k"'
    assert ledger.verify() == 3


def test_what_was_never_committed_has_no_answer(ledger: Ledger):
    ledger.reserve("p", **SPEND, charge=Charge(10), allowance=Charge(15), payload="{}")
    ledger.drawing("p", **SPEND, key="a", charge=Charge(5), allowance=Charge(15))
    assert ledger.released("a") is None
    assert ledger.plan("q") is None


@pytest.mark.parametrize("statement", ["UPDATE events SET nano_rho = 0", "DELETE FROM events"])
def test_the_database_refuses_to_change_or_remove_a_row(ledger: Ledger, file: Path, statement: str):
    spend(ledger)
    with sqlite3.connect(file) as connection, pytest.raises(sqlite3.IntegrityError, match="the ledger only grows"):
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statements", "says"),
    [
        (["UPDATE events SET nano_rho = 39 WHERE seq = 1"], "breaks at entry 1"),
        (["UPDATE events SET payload = '\"answer to K\"' WHERE seq = 3"], "breaks at entry 3"),
        (["UPDATE events SET purpose = 'marketing' WHERE seq = 2"], "breaks at entry 2"),
        (["UPDATE events SET at = '2020-01-01' WHERE seq = 2"], "breaks at entry 2"),
        (["DELETE FROM events WHERE seq = 2"], "breaks at entry 2"),
        (["DELETE FROM events WHERE seq = 3"], "cut off"),
        (["DELETE FROM events"], "cut off"),
        (["DELETE FROM events WHERE seq = 1", "UPDATE events SET seq = seq - 1"], "breaks at entry 1"),
        (["UPDATE head SET seq = 4"], "cut off"),
    ],
)
def test_a_tampered_ledger_does_not_open(ledger: Ledger, file: Path, statements: list[str], says: str):
    spend(ledger)
    tamper(file, *statements)
    with pytest.raises(LedgerError, match=says):
        Ledger(f"sqlite:///{file}")


def test_the_chain_is_verified_while_another_process_adds(
    ledger: Ledger, url: str, monkeypatch: pytest.MonkeyPatch
):
    spend(ledger)
    honest = chain._rows

    def interrupted(connection: Any) -> Any:
        monkeypatch.setattr(chain, "_rows", honest)
        spend(Ledger(url), "q", "another")
        return honest(connection)

    monkeypatch.setattr(chain, "_rows", interrupted)
    assert ledger.verify() == 3
    assert ledger.verify() == 6


def test_of_two_processes_that_race_for_the_last_unit_one_wins(ledger: Ledger, file: Path):
    """Twenty units, two processes that each try fifteen times: twenty tries succeed, no more."""
    code = (
        "import sys\n"
        "from privacy_analytics.dp.ledger import Charge, Ledger\n"
        "from privacy_analytics.errors import InsufficientLoss\n"
        "ledger, won = Ledger(sys.argv[1]), 0\n"
        "sys.stdin.readline()\n"
        "for i in range(15):\n"
        "    try: ledger.reserve(f'{sys.argv[2]}-{i}', months=['2026-10'], purpose='usage', charge=Charge(1), allowance=Charge(20),"
        " payload='{}')\n"
        "    except InsufficientLoss: pass\n"
        "    else: won += 1\n"
        "print(won)\n"
    )
    command = [sys.executable, "-c", code, f"sqlite:///{file}"]
    racers = [
        subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for n in range(2)
    ]
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    assert sum(won) == 20
    assert ledger.spent(**OCTOBER) == Charge(20)
    assert ledger.verify() == 20
