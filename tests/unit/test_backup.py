"""A copy made while others work: whole, without the key, its ledger never older than its releases."""

import shutil
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from privacy_analytics import anchor, backup, workspace
from privacy_analytics.curator import Curator
from privacy_analytics.dp.ledger import Ledger
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.errors import LedgerError, SettingsError, TryLater, UsageError
from privacy_analytics.settings import Settings

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def restored(copy: Path, key: Path) -> Settings:
    """A copy with its key put back, as the guide has it."""
    shutil.copy(key, copy / "private" / "key")
    workspace.accept_restore(copy)
    return workspace.load(copy)


def ask(curator: Curator, table: str) -> None:
    question = {"month": "2026-10", "purpose": "exploration", "share": 0.1}
    curator.call("release", question | {"question": CountAccounts(table).canonical()})


def test_a_copy_has_everything_but_the_key_and_opens_with_it(october: Settings, curator_of: Any, tmp_path: Path):
    ask(curator_of(october), "events")
    made = backup.backup(october, tmp_path / "to", NOW)
    assert made.folder == tmp_path / "to" / "20261123T120000.000000Z"
    assert not (made.folder / "private" / "key").exists()
    with pytest.raises(SettingsError, match="no private/key"):
        workspace.load(made.folder)
    copy = Curator(restored(made.folder, october.path("private", "key")))
    assert copy.ledger.events() == curator_of(october).ledger.events()
    assert copy.store.ids() == curator_of(october).store.ids()
    there, here = (
        each.lake.scan("events", "2026-10", each.lake.batches()).collect() for each in (copy, curator_of(october))
    )
    assert there.equals(here)
    assert all(path.stat().st_mode & 0o077 == 0 for path in (tmp_path / "to").rglob("*"))


def test_copies_made_while_others_write_are_whole(
    october: Settings, add: Callable[..., None], events: Any, curator_of: Any, tmp_path: Path
):
    tables = iter(["events", "crashes", "chats", "projects", "performance", "sessions"])
    stop = threading.Event()

    def write() -> None:
        curator = curator_of(october)
        for number in range(200):
            if stop.is_set():
                break
            add(october, events=events(range(number, number + 3)))
            if table := next(tables, None):
                ask(curator, table)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [backup.backup(october, tmp_path / "to", NOW + timedelta(seconds=n)) for n in range(6)]
    finally:
        stop.set()
        writer.join()
    for each in made:
        copy = Curator(restored(each.folder, october.path("private", "key")))
        copy.ledger.verify()  # and it knows every release
        for batch in copy.lake.batches():
            assert copy.lake.scan("events", "2026-10", [batch]).select(pl.len()).collect().item() > 0


def test_a_ledger_older_than_its_releases_is_not_copied_as_if_it_were_whole(
    october: Settings, curator_of: Any, tmp_path: Path
):
    ask(curator_of(october), "events")
    with sqlite3.connect(october.path("ledger.sqlite")) as ledger:
        for table in ("events", "head"):
            ledger.execute(f"DROP TRIGGER {table}_refuse_delete")
        ledger.execute("DROP TRIGGER head_refuse_back")
        ledger.execute("DELETE FROM events")
        ledger.execute("UPDATE head SET seq = 0, hash = ?", ["0" * 64])
    ledger.close()
    with pytest.raises(LedgerError, match="older than its releases"):
        backup.backup(october, tmp_path / "to", NOW)
    assert not (tmp_path / "to" / "20261123T120000.000000Z").exists()


def test_what_a_killed_backup_left_goes_with_the_next(
    october: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as killed:
        killed.setattr(backup, "_check", dies)
        with pytest.raises(KeyboardInterrupt):
            backup.backup(october, tmp_path / "to", NOW)
    assert (tmp_path / "to" / "20261123T120000.000000Z.partial").is_dir()
    made = backup.backup(october, tmp_path / "to", NOW + timedelta(days=1))
    assert [each for each in (tmp_path / "to").iterdir() if each.is_dir()] == [made.folder]


def test_an_erasure_and_a_backup_do_not_meet(october: Settings, curator_of: Any, tmp_path: Path):
    with curator_of(october).lake.alone(), pytest.raises(TryLater):
        backup.backup(october, tmp_path / "to", NOW)


def test_two_copies_of_one_second_lie_beside_each_other(october: Settings, curator_of: Any, tmp_path: Path):
    ask(curator_of(october), "events")
    copies = [backup.backup(october, tmp_path / "to", NOW + timedelta(milliseconds=each)).folder for each in (1, 2)]
    assert sorted((tmp_path / "to").glob("2*Z")) == copies


def test_a_backup_into_the_workspace_is_refused(october: Settings):
    with pytest.raises(UsageError, match="outside the workspace"):
        backup.backup(october, october.path("logs", "backup"), NOW)


def test_every_copy_holds_against_the_anchors_of_those_before_and_its_own(
    october: Settings, curator_of: Any, tmp_path: Path
):
    made: list[backup.Backup] = []
    for n, table in enumerate(["events", "crashes"]):
        ask(curator_of(october), table)
        made.append(backup.backup(october, tmp_path / "to", NOW + timedelta(seconds=n)))
    first, second = anchor.Anchor.all_in((tmp_path / "to" / "anchors.txt").read_text())
    older, newer = (restored(each.folder, october.path("private", "key")) for each in made)
    for settings in (october, newer):
        anchor.check(settings, Ledger(settings.ledger_at), [first, second])
    anchor.check(older, Ledger(older.ledger_at), [first])
    with pytest.raises(LedgerError, match="shorter than it was"):
        anchor.check(older, Ledger(older.ledger_at), [second])


def test_a_workspace_of_an_earlier_version_can_be_copied_before_it_is_upgraded(
    october: Settings, curator_of: Any, tmp_path: Path
):
    ask(curator_of(october), "events")
    with sqlite3.connect(october.path("ledger.sqlite")) as ledger:
        ledger.execute("PRAGMA user_version = 0")
    ledger.close()
    assert backup.backup(october, tmp_path / "to", NOW).ledger
