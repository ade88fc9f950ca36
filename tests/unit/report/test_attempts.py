"""Every attempt leaves a record that tells the truth, whoever ended it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from privacy_analytics.errors import GateError, TryLater
from privacy_analytics.report.attempts import Attempt, attempted, attempts


@pytest.fixture
def home(tmp_path):
    return tmp_path / "runs" / "2026-10" / "usage_report"


def only(home):
    (found,) = attempts(home)
    return found


def test_an_attempt_runs_while_it_runs_and_is_finished_after_it(home):
    with attempted(home) as attempt:
        assert only(home).seen() == "running"
        attempt.run = "001"
    assert (only(home).seen(), only(home).exit_code, only(home).name) == ("finished", 0, "2026-10/usage_report/001")
    assert [file.suffix for file in (home / "attempts").iterdir()] == [".json"]


def test_an_attempt_that_was_killed_has_died(home):
    dies = (
        "import os, pathlib, sys\nfrom privacy_analytics.report.attempts import attempted\n"
        "with attempted(pathlib.Path(sys.argv[1])):\n    os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", dies, home]).returncode == -9
    assert only(home).state == "running"
    assert only(home).seen() == "died"
    assert only(home).ended == ""


def test_a_failed_attempt_keeps_the_kind_and_the_rule_and_no_text(home):
    with pytest.raises(GateError), attempted(home) as attempt:  # noqa: PT012
        attempt.cell, attempt.heading = 5, "Who came back?"
        raise GateError(["line 3: this is not what the release gives"])
    with pytest.raises(LookupError), attempted(home):
        raise LookupError("anneliese")
    kept, other = attempts(home)
    assert (kept.exit_code, kept.error, kept.cell, kept.heading) == (40, "GateError", 5, "Who came back?")
    assert kept.rules == ["line 3: this is not what the release gives"]
    assert (other.exit_code, other.error) == (1, "LookupError")
    assert "anneliese" not in "".join(file.read_text() for file in (home / "attempts").iterdir())


def test_a_job_that_waits_for_days_is_one_attempt_that_counts_its_tries(home):
    for _ in range(3):
        with pytest.raises(TryLater), attempted(home):
            raise TryLater("not yet")
    assert (only(home).state, only(home).exit_code, only(home).tries) == ("waiting", 75, 3)


def test_once_the_wait_is_over_nothing_is_said_to_wait(home):
    with pytest.raises(TryLater), attempted(home):
        raise TryLater("not yet")
    with attempted(home):
        pass
    assert (only(home).state, only(home).tries) == ("finished", 2)


def test_an_attempt_that_waits_takes_over_no_other(home):
    with pytest.raises(ValueError), attempted(home):
        raise ValueError
    with pytest.raises(TryLater), attempted(home):
        raise TryLater("not yet")
    assert [each.state for each in attempts(home)] == ["failed", "waiting"]
    assert attempts(home)[-1].tries == 1


def test_whoever_is_told_at_the_end_sees_how_it_ended(home):
    seen: list[str] = []
    with attempted(home, then=lambda each: seen.append(each.seen())):
        pass
    with pytest.raises(ValueError), attempted(home, then=lambda each: seen.append(each.seen())):
        raise ValueError
    assert seen == ["finished", "failed"]


def test_a_record_is_the_owners_alone(home):
    with attempted(home):
        pass
    assert {path.stat().st_mode & 0o077 for path in (home / "attempts").rglob("*")} == {0}


def test_a_record_reads_back_as_it_was(home):
    with attempted(home, scheduled=True) as attempt:
        attempt.snapshot, attempt.provisional, attempt.nano_rho = "2026-10.r1", True, 7
    assert only(home) == attempt
    assert isinstance(attempt, Attempt)
