"""A workspace that an earlier version made, brought up to this one: tests/data/README.md says how it was made."""

import json
import tarfile
from pathlib import Path

import pytest
from kills import kill_after, moments, seconds, stored
from steps import MONTH, answers, command, copy, curator, events, files, ok, pa

from privacy_analytics import CountAccounts, workspace
from privacy_analytics.audit import AuditLog
from privacy_analytics.dp.releases import Release
from privacy_analytics.lake import Lake
from privacy_analytics.lake.tidying import outside_spans
from privacy_analytics.session import Session
from privacy_analytics.upgrade import upgrade

MADE = Path(__file__).parents[1] / "data" / "workspace-of-nov-2026.tar.xz"
FEATURES = CountAccounts("events", by="feature")
ASKED = "r-3fb4919ea658"


def unpacked(to: Path) -> Path:
    """The older workspace in a place of its own."""
    to.mkdir(parents=True, exist_ok=True)
    with tarfile.open(MADE) as made:
        made.extractall(to, filter="fully_trusted")  # its modes are part of it
    workspace.accept_restore(to / "w")
    return to / "w"


@pytest.fixture
def old(tmp_path) -> Path:
    return unpacked(tmp_path)


@pytest.fixture(scope="session")
def upgraded(once) -> Path:
    """The older workspace after ``pa upgrade``."""
    return once("upgraded", lambda folder: ok("upgrade", "-w", unpacked(folder))) / "w"


@pytest.mark.long
def test_nothing_is_upgraded_silently(old):
    before = files(old)
    for line in (["budget", "show"], ["run", "usage_report", "--month", MONTH], ["doctor"]):
        refused = pa(*line, "-w", old)
        assert refused.returncode == 10
        assert "pa upgrade" in refused.stdout + refused.stderr
    assert {name: data for name, data in files(old).items() if name in before} == before


@pytest.mark.long
def test_looking_first_changes_nothing(old):
    before = files(old)
    told = ok("upgrade", "--dry-run", "-w", old).stdout
    assert "would be brought from layout 1 to 2" in told
    assert "would be written anew in spans" in told
    after = files(old)
    assert {name for name in before if after.get(name) != before[name]} == set()
    assert ok("upgrade", "-w", old).stdout.splitlines()[1] == f"kept           {old}/ledger.sqlite.layout-1"


def test_after_an_upgrade_every_row_charge_and_release_is_as_it_was(old, tmp_path):
    settings, again = workspace.load(old), workspace.load(unpacked(tmp_path / "again"))
    rows, releases, batches = stored(old), files(old / "releases"), Lake(old / "lake").batches()
    assert upgrade(settings).needed
    now = stored(old)
    for table, frame in rows.items():
        key = [name for name, kind in frame.schema.items() if not kind.is_nested()]
        assert now[table].sort(key, nulls_last=True).equals(frame.sort(key, nulls_last=True)), table
    assert outside_spans(Lake(old / "lake")) == {}
    assert len(Lake(old / "lake").batches()) < len(batches)
    assert files(old / "releases") == releases
    upgrade(again)
    assert events(old) == events(again.root)
    assert len(events(old)) == 20
    assert not upgrade(settings).needed
    assert [entry.action for entry in AuditLog(settings).entries()].count("upgrade") == 1


def test_an_older_release_is_read_byte_for_byte(old):
    texts = [file.read_text() for file in (old / "releases").glob("*.json")]
    assert len(texts) > 4
    for text in texts:
        assert Release.from_json(text).to_json() == text


@pytest.mark.long
def test_what_was_asked_is_free_and_the_same_after_an_upgrade(upgraded, tmp_path):
    root = copy(upgraded, tmp_path / "copy")
    before, spent = answers(root), len(events(root))
    answer = Session(curator(root), month=MONTH, purpose="exploration").release(FEATURES, share=0.5)
    assert answer.release.id == ASKED
    assert answer.release.to_json() == (root / "releases" / f"{ASKED}.json").read_text()
    assert (answers(root), len(events(root))) == (before, spent)


@pytest.mark.long
def test_an_upgraded_workspace_takes_in_knows_erases_and_reports(upgraded, tmp_path):
    root = copy(upgraded, tmp_path / "copy")
    export = upgraded.parent / "export"
    before = stored(root)["events"].height
    ok("ingest", export, "-w", root, "--tier", "fast")
    assert stored(root)["events"].height == before
    row = json.loads((export / "events.jsonl").read_text().splitlines()[0])
    late = tmp_path / "late"
    late.mkdir()
    row |= {"event_id": "late", "occurred_at": "2026-11-02T10:00:00Z"}
    (late / "events.jsonl").write_text(json.dumps(row) + "\n")
    ok("ingest", late, "-w", root, "--tier", "fast")
    assert stored(root)["events"].height == before + 1
    people = tmp_path / "people"
    people.write_text("u007@example.com\n")
    erased = ok("account", "erase", "--confirm", "--by", "N. N.", "--request-file", people, "-w", root)
    assert "erased 1 account(s)" in erased.stdout
    report = ok("run", "usage_report", "-w", root, "--month", MONTH)
    assert "report  " in report.stdout
    ok("audit", "report", f"{MONTH}/usage_report", "-w", root)
    ok("audit", "verify", "-w", root)
    ok("doctor", "-w", root)


@pytest.mark.long
def test_a_backup_of_an_earlier_version_is_accepted_then_upgraded(old, tmp_path):
    moved = old.rename(tmp_path / "moved")
    assert "pa doctor --accept-restore" in pa("upgrade", "-w", moved).stderr
    accepted = pa("doctor", "--accept-restore", "-w", moved)
    assert (accepted.returncode, "pa upgrade" in accepted.stderr) == (10, True)
    ok("upgrade", "-w", moved)
    ok("doctor", "--accept-restore", "-w", moved)


@pytest.mark.long
def test_an_upgrade_that_is_killed_is_completed_by_the_next(old, tmp_path):
    length = seconds(command("upgrade", "-w", unpacked(tmp_path / "timed")))
    rows = stored(old)
    for moment in moments(6, length, seed=5):
        root = unpacked(tmp_path / f"{moment:.3f}")
        kill_after(command("upgrade", "-w", root), moment, alone=True)
        ok("upgrade", "-w", root)
        assert {table: frame.height for table, frame in stored(root).items()} == {t: f.height for t, f in rows.items()}
        assert outside_spans(Lake(root / "lake")) == {}
        assert curator(root).ledger.verify() == 20


@pytest.mark.long
@pytest.mark.parametrize(("file", "old_text", "new_text"), [("workspace.toml", "format = 1", "format = 2\nnews = 1")])
def test_a_workspace_of_a_newer_version_is_refused(old, file, old_text, new_text):
    text = (old / file).read_text()
    (old / file).write_text(text.replace(old_text, new_text))
    for line in (["upgrade"], ["budget", "show"]):
        refused = pa(*line, "-w", old)
        assert refused.returncode == 10
        assert "Install the version that wrote it" in refused.stderr
