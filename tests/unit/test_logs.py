"""With PA_LOG=json every line on standard error is one JSON object, and none quotes a row."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from privacy_analytics.cli import logs
from privacy_analytics.settings import Settings

CANARY = "zq-canary-4711"


def lines(error: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in error.splitlines()]


@pytest.mark.long
def test_every_line_of_commands_that_fail_is_an_object_without_a_value(empty: Settings, tmp_path: Path):
    export = tmp_path / "export"
    export.mkdir()
    (export / "accounts.csv").write_text(f"account_id,age_attested,email\nu1,true,{CANARY}@example.com\nu2,{CANARY},\n")
    (export / "events.csv").write_text(f"account_id,event,occurred_at\nu1,{CANARY},{CANARY}\n")
    (export / "chats.csv").write_text(f"{CANARY}\n")
    for call, code in {
        ("ingest", str(export), "--tier", "fast"): 20,
        ("run", "usage_report", "--month", "2026-10"): 20,
        ("account", "access", "--by", "N. N.", "--request-file", str(export / "accounts.csv")): 20,
        ("budget", "grant", "2026-10"): 2,
        ("publish", "2026-10/usage_report", "--approve", "N. N."): 20,
    }.items():
        line = [sys.executable, "-m", "privacy_analytics", *call, "-w", str(empty.root)]
        done = subprocess.run(line, capture_output=True, text=True, env=os.environ | {"PA_LOG": "json"}, check=False)
        assert done.returncode == code, done.stderr
        told = lines(done.stderr)
        assert [each["level"] for each in told].count("error") == 1
        assert {tuple(each) for each in told} == {("time", "level", "logger", "message")}
        assert CANARY not in done.stdout + done.stderr


@pytest.fixture
def formatter(monkeypatch: pytest.MonkeyPatch) -> logging.Formatter:
    """What PA_LOG=json formats with."""
    monkeypatch.setenv(logs.VARIABLE, "json")
    handler = logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    logs.set_up()
    logging.captureWarnings(capture=False)
    assert handler.formatter
    return handler.formatter


def test_an_exception_is_told_by_type_and_place_never_by_its_text(formatter: logging.Formatter):
    try:
        raise ValueError(CANARY)
    except ValueError:
        record = logging.LogRecord("n", logging.ERROR, "f", 1, "a step failed", (), sys.exc_info())
    told = json.loads(formatter.format(record))
    assert told["error"] == "ValueError"
    assert told["places"][0].startswith(__file__)
    assert CANARY not in str(told)


def test_a_message_of_several_lines_is_one_line(formatter: logging.Formatter):
    record = logging.LogRecord("n", logging.INFO, "f", 1, "one\ntwo %s", ("ü",), None)
    assert formatter.format(record).count("\n") == 0
    assert json.loads(formatter.format(record))["message"] == "one\ntwo ü"
