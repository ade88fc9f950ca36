"""A scheduled job as a scheduler calls it: who is told what, what two at once do, and the units that call it."""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from steps import MONTH, copy, pa, write_report

from privacy_analytics.shipped import shipped

pytestmark = pytest.mark.slow
SECRET = "anneliese.zwirn@example.org"


@pytest.fixture
def root(reported, tmp_path):
    """A workspace that tells a file of each success, and another one of each failure."""
    made = copy(reported, tmp_path / "w")
    lines = [f"{about}_command = ['sh', '-c', 'cat >> {tmp_path}/{about}']" for about in ("success", "failure")]
    settings = made / "workspace.toml"
    settings.write_text(settings.read_text() + "\n".join(["[notify]", *lines, ""]))
    return made


def job(root, report, *more):
    return pa("run", report, "-w", root, "--month", MONTH, "--scheduled", *more)


def test_a_failure_is_told_with_its_cell_and_never_with_a_value(root, tmp_path):
    write_report(root, "broken", "## Who came back?", f"raise LookupError('@'.join({SECRET.split('@')}))")
    assert job(root, "broken").returncode == 50
    said = (tmp_path / "failure").read_text()
    assert "broken 2026-10 failed, exit 50" in said
    assert 'Cell           4, under "Who came back?"\nError          LookupError\n' in said
    assert not (tmp_path / "success").exists()
    records = "".join(file.read_text() for file in (root / "runs" / MONTH / "broken").rglob("*.json"))
    assert SECRET not in said + records


@pytest.mark.long
def test_a_report_that_the_gate_keeps_back_is_told_with_its_rule(root, tmp_path):
    write_report(root, "typed", "## 1,234 people")
    assert job(root, "typed").returncode == 40
    said = (tmp_path / "failure").read_text()
    assert "Exit code      40, the gate kept it back\n" in said
    assert "Rule           " in said
    assert "a number in prose that no release stands behind" in said
    assert "1,234" not in said


@pytest.mark.long
def test_of_two_jobs_at_once_the_second_tries_later_and_then_finds_it_standing(root, tmp_path):
    with (root / "runs" / MONTH / "usage_report" / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert job(root, "usage_report").returncode == 75
    assert not list(tmp_path.glob("*e"))  # neither success nor failure: it is tried again
    done = job(root, "usage_report", "--publish", "N. N.")
    assert "stands, spent 0" in done.stdout
    assert "published  " in done.stdout
    assert "usage_report 2026-10 published" in (tmp_path / "success").read_text()


@pytest.mark.service
def test_systemd_accepts_the_shipped_units(tmp_path):
    if not shutil.which("systemd-analyze"):
        (pytest.fail if os.environ.get("CI_SERVICES") else pytest.skip)("systemd-analyze is not installed")
    units = tmp_path / "etc" / "systemd" / "system"
    shutil.copytree(shipped("data", "systemd"), units)
    shutil.copytree("/usr/lib/systemd/system", tmp_path / "usr" / "lib" / "systemd" / "system", symlinks=True)
    program = tmp_path / "opt" / "privacy-analytics" / "bin" / "pa"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    names = [f"privacy-analytics-report@usage_report.{kind}" for kind in ("service", "timer")]
    line = ["systemd-analyze", "verify", f"--root={tmp_path}", *names]
    done = subprocess.run(line, capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    program.unlink()
    assert subprocess.run(line, capture_output=True).returncode == 1


def test_the_units_are_where_the_wheel_puts_them():
    assert {file.name for file in shipped("data", "systemd").iterdir()} == {
        "privacy-analytics-report@.service",
        "privacy-analytics-report@.timer",
    }
    assert (
        "RestartForceExitStatus=75" in Path(shipped("data", "systemd", "privacy-analytics-report@.service")).read_text()
    )
