"""SIGKILL at the narrow places of a release; then the same request again, by another process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from privacy_analytics.curator import Curator
from privacy_analytics.dp.ledger import Event, Ledger
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.settings import Settings

BLOCKS = {name: CountAccounts("events", by=by).canonical() for name, by in [("month", None), ("os", "os")]}
NOW = datetime(2026, 11, 23, tzinfo=UTC)
REQUEST = {"month": "2026-10", "purpose": "exploration", "share": 0.4, "blocks": BLOCKS}
DIE = {
    "after reserve": "after(Ledger, 'reserve', 1)",
    "after drawing is durable": "after(Ledger, 'drawing', 2)",
    "after the first noise is drawn": "after(mechanisms, 'add_noise', 1)",
    "after the noise is drawn": "after(mechanisms, 'add_noise', 2)",
    "after commit, before the file": "after(Ledger, 'commit', 2)",
    "in the middle of the file": "before(Path, 'replace', 3)",  # two before are the policy's record
}
PRELUDE = """
import json, os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
from privacy_analytics.curator import Curator
from privacy_analytics.dp import mechanisms
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.workspace import load

def die():
    os.kill(os.getpid(), signal.SIGKILL)

def after(owner, name, nth, count=[0]):
    real = getattr(owner, name)
    def call(*about, **more):
        result = real(*about, **more)
        count[0] += 1
        if count[0] == nth:
            die()
        return result
    setattr(owner, name, call)

def before(owner, name, nth, count=[0]):
    real = getattr(owner, name)
    def call(*about, **more):
        count[0] += 1
        if count[0] == nth:
            die()
        return real(*about, **more)
    setattr(owner, name, call)

curator = Curator(load(sys.argv[1]), clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))
curator.call("plan", json.loads(sys.argv[2]))  # the snapshot is frozen: what follows is the release alone
"""


@pytest.fixture
def killed_at(october: Settings) -> Callable[[str], None]:
    def kill(place: str) -> None:
        code = f"{PRELUDE}\n{DIE[place]}\ncurator.call('release', json.loads(sys.argv[2]))\n"
        ran = subprocess.run([sys.executable, "-c", code, str(october.root), json.dumps(REQUEST)], capture_output=True)
        assert ran.returncode == -signal.SIGKILL, ran.stderr.decode()

    return kill


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def stored(settings: Settings) -> list[str]:
    return sorted(file.name for file in settings.path("releases").iterdir())


def test_killed_after_reserving_it_resumes_for_nothing(october: Settings, curator_of: Any, killed_at: Any):
    killed_at("after reserve")
    reserved = curator_of(october).ledger.spent("2026-10", "exploration").nano_rho
    outcome = curator_of(october).call("release", REQUEST | {"share": 1})
    assert reserved > 0
    assert outcome["nano_rho"] == 0
    assert sorted(outcome["releases"]) == ["month", "os"]
    assert kinds(curator_of(october).ledger.events()) == ["reserve", *["drawing", "commit"] * 2]


@pytest.mark.parametrize("place", ["after drawing is durable", "after the noise is drawn"])
def test_killed_while_drawing_that_charge_is_lost_and_no_other(
    october: Settings, curator_of: Any, killed_at: Any, place: str
):
    killed_at(place)
    before: Curator = curator_of(october)
    assert kinds(before.ledger.events()) == ["reserve", "drawing", "commit", "drawing"]
    lost = before.ledger.events()[-1]
    assert stored(october) == []
    outcome = curator_of(october).call("release", REQUEST)
    assert outcome["nano_rho"] == lost.nano_rho == outcome["releases"]["os"]["nano_rho"]
    assert outcome["releases"]["month"]["key"] == before.ledger.events()[1].key
    assert kinds(curator_of(october).ledger.events())[4:] == ["reserve", "drawing", "commit"]
    assert curator_of(october).call("release", REQUEST)["nano_rho"] == 0


@pytest.mark.parametrize("place", ["after commit, before the file", "in the middle of the file"])
def test_killed_after_the_commit_the_same_answer_comes_for_nothing(
    october: Settings, curator_of: Any, killed_at: Any, place: str
):
    killed_at(place)
    ledger = curator_of(october).ledger
    committed = [json.loads(event.payload) for event in ledger.events() if event.kind == "commit"]
    assert len(committed) == 2
    outcome = curator_of(october).call("release", REQUEST)
    assert outcome["nano_rho"] == 0
    assert [outcome["releases"][name] for name in ("month", "os")] == committed
    assert stored(october) == sorted(f"{answer['id']}.{kind}" for answer in committed for kind in ("json", "parquet"))
    assert len(curator_of(october).ledger.events()) == 5


def test_killed_twice_while_drawing_it_pays_for_each_until_the_cap(october: Settings, curator_of: Any, killed_at: Any):
    killed_at("after the noise is drawn")
    once = curator_of(october).ledger.spent("2026-10", "exploration").nano_rho
    killed_at("after the first noise is drawn")
    ledger = curator_of(october).ledger
    drawn = [event for event in ledger.events() if event.kind == "drawing"]
    assert drawn[-1].key == drawn[-2].key
    assert ledger.spent("2026-10", "exploration").nano_rho == once + drawn[-1].nano_rho
    assert sum(event.nano_rho for event in drawn) <= ledger.spent("2026-10", "exploration").nano_rho
    outcome = curator_of(october).call("release", REQUEST)  # a third time is more than is left
    assert (sorted(outcome["releases"]), outcome["lost"], outcome["nano_rho"]) == (["month"], ["os"], 0)


def test_a_curator_answers_from_a_ledger_of_either_database_once(october: Settings, url: str):
    outcomes = [Curator(replace(october, ledger_url=url), clock=lambda: NOW).call("release", REQUEST) for _ in range(2)]
    assert [outcome["nano_rho"] > 0 for outcome in outcomes] == [True, False]
    assert outcomes[0]["releases"] == outcomes[1]["releases"]
    assert kinds(Ledger(url).events()) == ["reserve", *["drawing", "commit"] * 2]
