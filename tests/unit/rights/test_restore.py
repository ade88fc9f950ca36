"""A backup is restored; whoever was erased since stays erased."""

import shutil
from datetime import date

import pytest
from click.testing import CliRunner

from privacy_analytics import doctor, workspace
from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.workspace import doctor as command
from privacy_analytics.errors import SettingsError
from privacy_analytics.lake import Lake
from privacy_analytics.rights import restore
from privacy_analytics.rights.erase import Erasure
from privacy_analytics.rights.requests import Requests
from privacy_analytics.settings import read
from privacy_analytics.tombstones import Tombstones
from privacy_analytics.witness import find

ERASED = [f"{number:032x}" for number in (3, 7)]
KEPT = f"{5:032x}"


@pytest.fixture
def backup(workspace_with, events, tmp_path):
    """A workspace restored from before an erasure, and what is kept beside its backups: the list and its key."""
    settings = workspace_with(events(range(20), rows=3))
    shutil.copytree(settings.root, tmp_path / "restored")
    Tombstones(settings).add(ERASED, request="R-0123456789", on=date(2026, 11, 20))
    beside = tmp_path / "beside"
    beside.mkdir()
    for name in ("tombstones.json", "tombstone_key"):
        shutil.move(settings.path("private", name), beside / name)
    return tmp_path / "restored", beside


def with_key(backup):
    root, beside = backup
    shutil.copy(beside / "tombstone_key", root / "private")
    return root, beside / "tombstones.json"


def found(root):
    return {hit.needle for hit in find(root, [*ERASED, KEPT])}


@pytest.mark.clause("8.restore")
def test_a_restored_backup_does_not_bring_an_erased_account_back(backup):
    root, newest = with_key(backup)
    assert found(root) == {0, 1, 2}
    done = CliRunner().invoke(command, ["-w", str(root), "--accept-restore", "--tombstones", str(newest)])
    assert "2 account(s) that were erased before were erased from this backup again" in done.output
    assert found(root) == {2}
    assert sum(each.action == "restore" for each in AuditLog(workspace.load(root)).entries()) == 1


def test_the_list_that_is_in_the_backup_is_replayed_too(backup):
    root, newest = with_key(backup)
    shutil.copy(newest, root / "private")
    assert doctor.accept_restore(root).accounts.erased == 2
    assert doctor.accept_restore(root).accounts.erased == 0
    assert found(root) == {2}


def test_without_the_key_of_the_list_nothing_opens(backup):
    root, beside = backup
    for key in ("", "ab" * 32):
        if key:
            (root / "private" / "tombstone_key").write_text(key)
            (root / "private" / "tombstone_key").chmod(0o600)
        with pytest.raises(SettingsError, match="tombstone_key"):
            doctor.accept_restore(root, tombstones=beside / "tombstones.json")
        with pytest.raises(SettingsError, match="accept-restore"):
            workspace.load(root)


@pytest.mark.parametrize("step", ["merge", "enter", "carry_out", "add"])
def test_killed_at_any_step_it_does_not_open_and_the_next_time_completes(step, backup, monkeypatch):
    class Killed(BaseException):
        pass

    root, newest = with_key(backup)
    owner = {"merge": Tombstones, "enter": restore, "carry_out": Erasure, "add": AuditLog}[step]
    real = getattr(owner, step)

    def killed(*given, **named):
        if step != "add" or "restore" in given:
            raise Killed
        return real(*given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, killed)
        with pytest.raises(Killed):
            doctor.accept_restore(root, tombstones=newest)
    with pytest.raises(SettingsError, match="accept-restore"):
        workspace.load(root)
    doctor.accept_restore(root, tombstones=newest)
    assert found(root) == {2}


def test_who_is_on_hold_in_the_backup_is_told_of(backup, monkeypatch):
    root, newest = with_key(backup)
    settings = read(root)
    requests = Requests(settings, Lake(settings.path("lake")))
    monkeypatch.setattr(restore, "holds", lambda _, accounts: ["H-1"] if ERASED[0] in accounts else [])
    again = restore.replay(settings, tombstones=newest)
    assert (again.erased, again.left) == (1, 1)
    assert found(root) == {0, 2}
    assert [each.by for each in requests.all()] == ["restore"]
