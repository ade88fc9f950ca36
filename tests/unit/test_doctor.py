import sqlite3
from pathlib import Path
from typing import Any

from privacy_analytics import doctor
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.settings import Settings


def errors(root: Path) -> list[doctor.Finding]:
    return [finding for finding in doctor.examine(root) if finding.level == "error"]


def test_a_new_workspace_has_no_errors(empty: Settings):
    assert errors(empty.root) == []


def test_what_is_wrong_comes_with_the_way_to_mend_it(empty: Settings):
    empty.path("private").chmod(0o755)
    (finding,) = errors(empty.root)
    assert "can be read by others" in finding.what
    assert "chmod 700" in finding.mend


def test_a_broken_ledger_is_found(october: Settings, curator_of: Any):
    question = {"month": "2026-10", "share": 0.1, "question": CountAccounts("events").canonical()}
    curator_of(october).call("release", question)
    assert errors(october.root) == []
    with sqlite3.connect(october.path("ledger.sqlite")) as connection:
        connection.execute("DROP TRIGGER events_refuse_update")
        connection.execute("UPDATE events SET nano_rho = 1 WHERE seq = 1")
    connection.close()
    (finding,) = errors(october.root)
    assert "breaks at entry 1" in finding.what


def test_a_missing_public_list_is_found(empty: Settings):
    file = empty.path("workspace.toml")
    file.write_text(file.read_text() + '\n[columns.events.mood]\ntype = "key"\nkeys = "moods"\n')
    assert "no public list moods" in errors(empty.root)[0].what


def test_missing_notebooks_are_a_warning(empty: Settings):
    assert any("no notebooks" in each.what and each.level == "warning" for each in doctor.examine(empty.root))
