"""What is true of every run now; and away with what is old, but never what is newest, shown or quoted."""

from __future__ import annotations

import fcntl
import hashlib
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.runs import runs as command
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.marketing.history import find, history
from privacy_analytics.marketing.pruning import Rule, prune
from privacy_analytics.report.advice import STATES
from privacy_analytics.report.attempts import attempted, attempts

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def made(house, number, text="page", *, place="usage_report", month="2026-10"):
    """A finished run with this page and a record of it."""
    home = house.path("runs", month, place)
    with attempted(home) as attempt:
        folder = home / number
        folder.mkdir(parents=True)
        (folder / "report.html").write_text(text)
        report, _, name = place.partition("-")
        files = {"report.html": hashlib.sha256(text.encode()).hexdigest()}
        about = {"report": report, "variant": f"-{name}" if name else "", "month": month, "snapshot": f"{month}.r0"}
        more = {"policy": "1.0", "version": "0.1.0", "notebook": "abc", "releases": ["r-1"], "parameters": {}}
        (folder / "manifest.json").write_text(json.dumps({**about, **more, "files": files}))
        attempt.run, attempt.snapshot, attempt.nano_rho = number, f"{month}.r0", 28_310_000
    return folder


def broken(house, *, place="usage_report", **facts):
    """An attempt that failed and left what a failure leaves."""
    home = house.path("runs", "2026-10", place)
    with suppress(LookupError), attempted(home) as attempt:
        vars(attempt).update(facts)
        raise LookupError
    (home / "failed.ipynb").write_text("{}")
    return home


def shown(house, folder):
    """The site shows this run."""
    page = (folder / "report.html").read_bytes()
    there = house.path("published", *folder.parts[-3:-1])
    there.mkdir(parents=True)
    (there / "manifest.json").write_text(json.dumps({"sha256": hashlib.sha256(page).hexdigest()}))


def aged(house, days):
    """Everything there is ended so many days before NOW."""
    for file in house.path("runs").rglob("attempts/*.json"):
        told = json.loads(file.read_text())
        file.write_text(json.dumps(told | {"ended": (NOW - timedelta(days=days)).isoformat()}))


def states(house, **only):
    return {each.name.removeprefix("2026-10/"): each.state for each in history(house, **only)}


@pytest.fixture
def ask(house):
    return lambda *line: CliRunner().invoke(command, [*map(str, line), "-w", str(house.root)], catch_exceptions=False)


def test_every_state_is_what_is_there(house):
    for number in ("001", "002", "003"):
        made(house, number, number)
    made(house, "001", place="case_study-mix_assist")
    shown(house, house.path("runs", "2026-10", "usage_report", "001"))
    (house.path("runs", "2026-10", "usage_report", "002") / "report.html").write_text("touched")
    name = broken(house, cell=5).name
    (failed,) = [each.id for each in attempts(house.path("runs", "2026-10", name)) if each.state == "failed"]
    assert states(house) == {
        "usage_report/001": "published",
        "usage_report/002": "changed",
        "usage_report/003": "finished",
        "case_study-mix_assist/001": "finished",
        f"usage_report/{failed}": "failed",
    }
    made(house, "004", "004")
    assert states(house)["usage_report/003"] == "superseded"
    assert set(states(house).values()) <= set(STATES)


def test_runs_are_found_by_month_report_and_state(house):
    made(house, "001")
    made(house, "001", place="case_study-mix_assist")
    made(house, "001", month="2026-09")
    assert len(history(house)) == 3
    assert states(house, month="2026-10", report="case_study") == {"case_study-mix_assist/001": "finished"}
    assert states(house, report="case_study-mix_assist") == {"case_study-mix_assist/001": "finished"}
    assert history(house, state="failed") == []
    with pytest.raises(NotFound):
        find(house, "2026-10/usage_report/002")


def test_a_run_of_an_older_version_has_no_record_and_nothing_is_made_up(house, ask):
    folder = made(house, "001")
    for each in attempts(folder.parent):
        each.remove()
    said = ask("show", "2026-10/usage_report/001").output
    assert "state          finished" in said
    assert not any(word in said for word in ("began", "took", "spent"))


def test_show_tells_when_what_it_spent_and_whether_its_files_are_as_they_were_made(house, ask):
    folder = made(house, "001")
    said = ask("show", "2026-10/usage_report/001").output
    assert "snapshot       2026-10.r0\n" in said
    assert "spent          rho 0.02831\n" in said
    assert "files          as they were made" in said
    (folder / "report.html").write_text("touched")
    said = ask("show", "2026-10/usage_report").output
    assert "files          not as they were made: report.html\n" in said
    assert "what to do     Make it again, it spends nothing: pa run usage_report" in said


def test_show_tells_where_it_failed_and_what_to_do(house, ask):
    broken(house, cell=5, heading="Who came back?")
    said = ask("show", "2026-10/usage_report").output
    assert "at             cell 5 (Who came back?)\nerror          LookupError\n" in said
    assert "what to do     Call the command by hand" in said


def test_the_list_is_aligned_and_the_newest_is_first(house, ask):
    made(house, "001")
    broken(house, cell=5, heading="Who came back?")
    rows = ask("list").output.splitlines()
    assert rows[0].split()[:3] == ["run", "state", "began"]
    assert rows[1].endswith("exit 1  cell 5 (Who came back?)  LookupError")
    assert {row.index(word) for row, word in zip(rows, ("state", "failed", "finished"), strict=True)} == {
        rows[0].index("state")
    }


def test_pruning_keeps_the_newest_the_published_and_so_many(house):
    folders = [made(house, f"{number:03}", str(number)) for number in range(1, 6)]
    shown(house, folders[1])
    other = made(house, "001", place="case_study")
    pruned = prune(house, Rule(keep=2), now=NOW)
    assert pruned.runs == ["2026-10/usage_report/001", "2026-10/usage_report/003"]
    assert [folder.exists() for folder in folders] == [False, True, False, True, True]
    assert other.exists()
    assert {each.run for each in attempts(folders[0].parent)} == {"002", "004", "005"}
    assert [entry.action for entry in AuditLog(house).entries()] == ["prune"]


def test_pruning_by_age_leaves_what_is_young_and_the_newest_however_old(house):
    folders = [made(house, f"{number:03}", str(number)) for number in (1, 2)]
    broken(house)
    aged(house, days=100)
    assert prune(house, Rule(days=101), now=NOW).runs == []
    assert prune(house, Rule(keep=5, days=99), now=NOW).runs == []
    pruned = prune(house, Rule(days=99), now=NOW)
    assert pruned.runs == ["2026-10/usage_report/001"]
    assert len(pruned.attempts) == 2
    assert [folder.exists() for folder in folders] == [False, True]
    assert not (folders[0].parent / "failed.ipynb").exists()


def test_a_run_that_an_approved_statistic_quotes_is_kept(house, said, approve):
    quoted = house.path("runs", "2026-10", "case_study", "001")
    approve(next(each for each in said if each.quotable))
    made(house, "002", place="case_study")
    assert prune(house, Rule(keep=1), now=NOW).runs == []
    assert quoted.exists()


def test_a_dry_run_names_what_a_real_one_removes(house, ask):
    made(house, "001", "1")
    made(house, "002", "2")
    told = ask("prune", "--keep", 1, "--dry-run").output
    assert len(history(house)) == 2
    assert list(AuditLog(house).entries()) == []
    assert ask("prune", "--keep", 1).output == told.replace("would be removed", "removed")
    assert len(history(house)) == 1
    with pytest.raises(UsageError):
        ask("prune")


def test_a_place_where_a_run_is_at_work_is_left_alone(house, ask):
    made(house, "001", "1")
    home = made(house, "002", "2").parent
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "2026-10/usage_report  left alone" in ask("prune", "--keep", 1).output
    assert len(history(house)) == 2


def test_a_run_whose_removal_was_cut_short_is_gone_for_every_reader(house):
    made(house, "001", "1").rename(house.path("runs", "2026-10", "usage_report", ".scratch-001"))
    made(house, "002", "2")
    assert [each.name for each in history(house)][:1] == ["2026-10/usage_report/002"]
    prune(house, Rule(keep=1), now=NOW)
    assert not house.path("runs", "2026-10", "usage_report", ".scratch-001").exists()
