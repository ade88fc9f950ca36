import sqlite3
from pathlib import Path
from typing import Any

import pytest

from privacy_analytics import doctor
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.errors import LedgerError, UsageError
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


TWO = ("events", "crashes")
NAMED = {"name": "Officer", "reason": "the disk broke"}


def answered(settings: Settings, curator_of: Any) -> dict[str, Any]:
    """Two questions, each released and stored."""
    asked = {table: {"month": "2026-10", "share": 0.5, "question": CountAccounts(table).canonical()} for table in TWO}
    return {table: curator_of(settings).call("release", request) for table, request in asked.items()}


def remove_ledger(settings: Settings) -> None:
    for file in settings.root.glob("ledger.sqlite*"):
        file.unlink()


def test_releases_that_a_restored_ledger_does_not_know_are_entered_and_stay_the_answer(
    october: Settings, curator_of: Any
):
    before, spent = answered(october, curator_of), curator_of(october).ledger.lifetime()
    remove_ledger(october)
    (finding,) = errors(october.root)
    assert "older than its releases" in finding.what
    assert "pa doctor --accept-restore --name NAME --reason WHY" in finding.mend
    assert doctor.accept_restore(october.root, **NAMED).releases == 2
    assert errors(october.root) == []
    assert curator_of(october).ledger.lifetime() == spent
    after = answered(october, curator_of)
    assert [after[table]["releases"] for table in TWO] == [before[table]["releases"] for table in TWO]
    assert [after[table]["nano_rho"] for table in TWO] == [0, 0]
    assert doctor.accept_restore(october.root).releases == 0


def test_a_release_that_the_store_lacks_is_told_and_written_again_from_the_ledger(october: Settings, curator_of: Any):
    answered(october, curator_of)
    whole = {file: file.read_bytes() for file in october.path("releases").iterdir()}
    for file in october.path("releases").glob(f"{min(whole).stem}.*"):
        file.unlink()
    entries = len(curator_of(october).ledger.events())
    (finding,) = [each for each in doctor.examine(october.root) if "not in the release store" in each.what]
    assert (finding.level, finding.what.split()[0]) == ("warning", "1")
    assert [doctor.accept_restore(october.root).written for _ in range(2)] == [1, 0]
    assert {file: file.read_bytes() for file in october.path("releases").iterdir()} == whole
    assert len(curator_of(october).ledger.events()) == entries


def test_releases_are_entered_under_a_name_and_a_reason_alone(october: Settings, curator_of: Any):
    answered(october, curator_of)
    remove_ledger(october)
    with pytest.raises(UsageError, match=r"2 stored release\(s\).*--name NAME --reason WHY"):
        doctor.accept_restore(october.root, name="Officer", reason=" ")
    assert len(errors(october.root)) == 1


@pytest.mark.parametrize("damage", ["{", "[1]", '{"format": 1}'])
def test_a_damaged_release_is_not_entered(october: Settings, curator_of: Any, damage: str):
    answered(october, curator_of)
    remove_ledger(october)
    next(october.path("releases").glob("r-*.json")).write_text(damage)
    with pytest.raises(LedgerError, match="is damaged"):
        doctor.accept_restore(october.root, **NAMED)
    assert len(errors(october.root)) == 1
