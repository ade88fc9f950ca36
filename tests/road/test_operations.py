"""The operations guide does what it says: its commands are run in order, in folders of a test's own."""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from steps import curator, ok
from test_upgrade import unpacked

from privacy_analytics import metrics, workspace
from privacy_analytics.sample import write_sample

GUIDE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
ROOTS = ("/srv/", "/backups", "/media/keys", "/var/lib/node_exporter", "/run/privacy-analytics")
"""Folders of the guide that the test has under one of its own."""
SKIPPED = {
    "asks for root": [
        "apt ",
        "useradd ",
        "chmod 700 /srv",
        "install -d -o ",
        "ln -s ",
        "systemctl ",
        "cp /opt",
        "install -D ",
        "install -d /opt",
    ],
    "installs the package, which is installed here": [
        "git ",
        "make -C",
        "python3 -m venv",
        "/opt/privacy-analytics/bin/pip",
    ],
    "asks a server of the operator's": ["psql ", "pa anchor | ssh "],
    "serves until it is stopped; tests/road/test_serving.py starts it": ["pa serve "],
}
"""How commands begin that are not run here, and why."""


def commands() -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]


def skipped(line: str) -> bool:
    return line.startswith(tuple(begins for each in SKIPPED.values() for begins in each))


def test_every_reason_to_skip_a_command_is_needed():
    for begins in (begins for each in SKIPPED.values() for begins in each):
        assert any(line.startswith(begins) for line in commands()), begins
    assert len([line for line in commands() if not skipped(line)]) > 40


def test_every_alert_asks_for_a_metric_that_there_is(demo_metrics):
    (rules,) = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    asked = [rule["expr"] for group in yaml.safe_load(rules)["groups"] for rule in group["rules"]]
    said = set(re.findall(r"privacy_analytics_(\w+)", " ".join(asked)))
    table = GUIDE.split("| metric `")[1].split("```")[0]
    documented = set(re.findall(r"`([a-z_]+)`", table.split("\n\n")[0])) & (demo_metrics | said)
    assert said <= demo_metrics
    assert demo_metrics == documented


@pytest.fixture
def demo_metrics() -> set[str]:
    """The names that the code gives to metrics."""
    source = Path(metrics.__file__).read_text(encoding="utf-8")
    return set(re.findall(r'Metric\(\s*"(\w+)"', source))


@pytest.mark.long
def test_the_guide_works_as_printed(tmp_path):
    this = datetime.now(UTC).date().replace(day=1)
    last = this - timedelta(days=1)
    months = (f"{last.replace(day=1) - timedelta(days=1):%Y-%m}", f"{last:%Y-%m}")
    export = tmp_path / "srv" / "exports" / "latest"
    write_sample(export, accounts=400, conversations=60, months=months)
    for name in ("chats.jsonl.zst", "support.jsonl"):  # to read names in their texts takes a minute
        (export / name).unlink()
    for root in ROOTS:
        (tmp_path / root.strip("/")).mkdir(parents=True, exist_ok=True)
    (tmp_path / "srv" / "analytics").mkdir(mode=0o700)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pa").write_text(f'#!/bin/sh\nexec {sys.executable} -m privacy_analytics "$@"\n')
    (tmp_path / "bin" / "pa").chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name != workspace.VARIABLE}
    environment["PATH"] = f"{tmp_path / 'bin'}:{environment['PATH']}"
    ran = 0
    for line in commands():
        if skipped(line):
            continue
        here = re.sub("|".join(f"(?<![\\w./]){root}" for root in ROOTS), lambda hit: f"{tmp_path}{hit[0]}", line)
        here = here.replace("2026-10", months[1])
        if here.startswith("export "):
            name, _, value = here.removeprefix("export ").partition("=")
            environment[name] = value
            continue
        if "tombstone_key /backups" in line:
            _erase_one(tmp_path, environment)
        done = subprocess.run(["bash", "-c", here], env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if "PA_LOG=json" in line:
            assert [json.loads(each) for each in done.stderr.splitlines()] == []
        ran += 1
    assert ran > 40
    root = tmp_path / "srv" / "analytics" / "company"
    assert not (root / "published" / months[1] / "usage_report").exists()
    assert f"{months[1]}/usage_report" not in (root / "published" / "index.html").read_text()
    assert "privacy_analytics_up 1" in (tmp_path / "var/lib/node_exporter/privacy.prom").read_text()


def _erase_one(folder: Path, environment: dict[str, str]) -> None:
    """Somebody is erased after the last backup, as the guide's next lines are about."""
    with (folder / "srv" / "exports" / "latest" / "accounts.csv").open() as accounts:
        email = next(part for part in accounts.readlines()[5].split(",") if "@" in part)
    line = ["pa", "account", "erase", "--by", "N. N.", "--confirm"]
    subprocess.run(line, env=environment, input=f"{email}\n", text=True, check=True, capture_output=True)


@pytest.mark.long
def test_who_was_erased_after_a_backup_is_erased_from_it_again(tmp_path):
    """The restore of the guide, looked at from inside."""
    root, to = unpacked(tmp_path), tmp_path / "backups"
    ok("upgrade", "-w", root)
    ok("backup", to, "-w", root)
    people = tmp_path / "people"
    people.write_text("u007@example.com\n")
    ok("account", "erase", "--confirm", "--by", "N. N.", "--request-file", people, "-w", root)
    ok("backup", to, "-w", root)
    older, _ = sorted(each for each in to.iterdir() if each.is_dir())
    shutil.copytree(older, tmp_path / "restored")
    shutil.copy(root / "private" / "key", tmp_path / "restored" / "private" / "key")
    shutil.copy(to / "tombstone_key", tmp_path / "restored" / "private" / "tombstone_key")
    here = ("-w", tmp_path / "restored")
    told = ok("doctor", "--accept-restore", "--tombstones", to / "tombstones.json", *here).stdout
    assert "1 account(s) that were erased before were erased from this backup again" in told
    assert curator(tmp_path / "restored").ledger.events() == curator(root).ledger.events()
