"""Keys rotate: nothing of the old key stays, nothing else changes, and a crash at any step is completed."""

import json
import random
import shutil
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, date, datetime
from types import SimpleNamespace

import polars as pl
import pytest

from privacy_analytics import workspace
from privacy_analytics.audit import AuditLog
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import CountAccounts, Mean
from privacy_analytics.errors import SettingsError, TryLater
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import ALWAYS, Lake, copying
from privacy_analytics.resolve import resolve
from privacy_analytics.rights import rotation
from privacy_analytics.rights.requests import Requests
from privacy_analytics.rights.rotation import planned, rotate
from privacy_analytics.rights.subjects import find, parse
from privacy_analytics.scrub.identities import IdentityHasher
from privacy_analytics.scrub.nesting import NUMBERS
from privacy_analytics.snapshots import snapshot
from privacy_analytics.tombstones import Tombstones
from privacy_analytics.witness import find as search

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Plain:
    """Stands in for the scrubber."""

    tier = "plain"

    def scrub(self, texts, own=None, conversations=None):
        return [type("Masked", (), {"text": "masked"}) for _ in texts]


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    """Three accounts with rows in every table and in the quarantine; events, projects and crashes without ids, too."""
    folder = tmp_path_factory.mktemp("export")
    at = [f"2026-10-02T10:0{n}:00Z" for n in range(4)]
    turns = [{"role": "user", "content": "how do i mix drums", "sent_at": at[0]}]
    names = ("u-1", "u-2", "u-3")
    tables = {
        "accounts": [{"account_id": u, "email": f"{u}@x.example", "name": "Jane Roe", "age_attested": True}
                     for u in names],
        "chats": [{"account_id": u, "conversation_id": f"c{n}", "started_at": at[n], "messages": turns}
                  for u in names for n in range(2)],
        "events": [{"account_id": u, "occurred_at": at[n], "event": "app_opened", **named}
                   for u in names for n in range(4) for named in ({}, {}, {"event_id": f"e{n}", "session_id": "s"})],
        "projects": [{"account_id": u, "project_id": p, "saved_at": at[0]} for u in names for p in ("p", None)],
        "crashes": [{"account_id": u, "occurred_at": when, "code": "E1"} for u in names for when in (at[0], "never")],
        "support": [{"account_id": u, "ticket_id": "t", "opened_at": at[0], "subject": "drums", "messages": []}
                    for u in names],
    }  # fmt: skip
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def take(settings, export):
    return sum(counts.added for counts in ingest(settings, export, scrubber=Plain()).tables.values())


@pytest.fixture(scope="module")
def made(export, tmp_path_factory):
    """A workspace with that export, in two batches of which the second is without a new row."""
    about = {"product": "Plugin", "contact_email": "officer@studio.test", "timezone": "UTC"}
    settings = workspace.create(tmp_path_factory.mktemp("made") / "w", posted=date(2026, 1, 1), **about)
    assert take(settings, export) > 40
    assert take(settings, export) == 0
    return settings.root


@pytest.fixture
def filled(made, tmp_path):
    root = shutil.copytree(made, tmp_path / "w")
    workspace.accept_restore(root)
    return workspace.load(root)


def pseudonyms(settings):
    return [IdentityHasher(*settings.secret_keys()).pseudonym(each) for each in ("u-1", "u-2", "u-3")]


def stored(settings):
    """Every row of every table, without what stands for people; months, batches and order of an account's rows."""
    lake, hasher = Lake(settings.path("lake")), IdentityHasher(*settings.secret_keys())
    who = {hasher.pseudonym(each): each for each in ("u-1", "u-2", "u-3")}
    months = [ALWAYS, *lake.months("events")]
    scans = {table: [lake.scan(table, month, lake.batches()).collect() for month in months] for table in lake.schemas}
    return {
        table: pl.concat(rows).drop("hash", *NUMBERS, strict=False).with_columns(pl.col("account").replace_strict(who))
        .sort("account", maintain_order=True).rows()
        for table, rows in scans.items()
    }  # fmt: skip


def made_of_keys(settings):
    """What the keys of now made: pseudonyms and numbers, as they stand in the lake."""
    lake = Lake(settings.path("lake"))
    events = lake.scan("events", "2026-10", lake.batches()).collect()
    numbers = {str(number) for name in ("account_hash", "row_id", "session") for number in events[name].drop_nulls()}
    return [*pseudonyms(settings), *numbers]


def refused(settings):
    """The accounts that stand in the quarantine."""
    files = settings.path("lake").glob("quarantine/*.parquet")
    return {account for file in files for account in pl.read_parquet(file)["account"]}


@pytest.mark.clause("7.keys")
def test_after_two_rotations_nothing_of_an_older_key_is_left_and_the_same_export_adds_nothing(filled, export):
    before, old = stored(filled), []
    for keys in (2, 3):
        now = made_of_keys(filled)
        assert {hit.needle for hit in search(filled.path("lake"), now)} == set(range(len(now)))
        old += now
        assert rotate(filled, by="N. N.").keys == keys
        assert not search(filled.root, old)
        assert refused(filled) == set(pseudonyms(filled))
        assert (stored(filled), take(filled, export)) == (before, 0)


def test_people_are_found_by_every_name_and_their_requests_stay_theirs(filled):
    lake = Lake(filled.path("lake"))
    asked = parse('u-1\nu-1@x.example\n{"account_id": "u-1"}')
    made = Requests(filled, lake).create("access", find(filled, lake, asked)[1], by="N. N.", received=date(2026, 11, 2))
    lake.mark(find(filled, lake, asked)[0], "opt_out", is_set=True, at=NOW)
    rotate(filled, by="N. N.")
    lake = Lake(filled.path("lake"))
    own = pseudonyms(filled)[:1]
    assert [list(each) for each in find(filled, lake, asked)] == [own] * 3
    assert list(Requests(filled, lake).accounts(made)) == own
    assert lake.marked("opt_out").collect()["account"].to_list() == own


def test_rows_are_joined_as_before(filled):
    def shape(settings):
        lake = Lake(settings.path("lake"))
        read = {
            name: lake.scan(name, "2026-10", lake.batches()).collect() for name in ("chats", "messages", "sessions")
        }
        together = read["chats"].join(read["messages"], on=["account", "account_hash", "conversation"])
        return together.height, together["conversation"].n_unique(), read["sessions"]["session"].null_count()

    before = shape(filled)
    rotate(filled, by="N. N.")
    assert shape(filled) == before == (6, 6, 3)


def test_what_answers_are_made_of_stays(october):
    def sums():
        contract, frozen = tables(october), [snapshot(october, "2026-10", now=NOW)]
        engine = LakeEngine(Lake(october.path("lake")), contract, frozen, b"salt", "UTC")
        about = {"purpose": "usage", "month": "2026-10", "snapshot": frozen[0].token}
        found = [engine.sums(resolve(question, contract, **about)) for question in questions]
        return frozen, [(each.n.tolist(), each.accounts.tolist(), each.met_a_bound) for each in found]

    questions = [CountAccounts("events", by="feature"), CountAccounts("events", by="day"), Mean("events", "rows")]
    before = sums()
    rotate(october, by="N. N.")
    assert sums() == before


STEPS = {
    "tombstones": (Tombstones, "rotate", 1),
    "key": (rotation, "add_key", 1),
    "recovery": (Lake, "recover", 1),
    "a table": (copying, "_copied", 5),
    "on disk": (copying, "on_disk", 1),
    "marked complete": (copying, "on_disk", 2),
    "first rename": (copying.Path, "rename", 1),
    "second rename": (copying.Path, "rename", 2),
    "swapped": (copying, "on_disk", 3),
    "log": (AuditLog, "add", 1),
    "the old lake goes": (shutil, "rmtree", 2),
}


@pytest.mark.parametrize(
    "steps", [["second rename"], pytest.param(STEPS, marks=pytest.mark.long)], ids=["between the renames", "any"]
)
def test_a_rotation_that_died_at_a_step_is_completed_by_the_same_command(filled, export, monkeypatch, steps):
    before, old = stored(filled), pseudonyms(filled)
    for step in steps:
        home, name, nth = STEPS[step]
        real, calls, keys = getattr(home, name), iter(range(1, 1000)), len(filled.secret_keys())

        def dying(*given, real=real, calls=calls, nth=nth, **named):
            if next(calls) == nth:
                raise KeyboardInterrupt
            return real(*given, **named)

        with monkeypatch.context() as patched:
            patched.setattr(home, name, dying)
            with pytest.raises(KeyboardInterrupt):
                rotate(filled, by="N. N.")
        if begun := len(filled.secret_keys()) > keys:
            with pytest.raises(SettingsError, match="pa keys rotate --by NAME"):
                workspace.load(filled.root)
            with pytest.raises(SettingsError, match="interrupted"):
                take(filled, export)
            with pytest.raises(SettingsError, match="interrupted"), Lake(filled.path("lake")).reading():
                pass
        assert begun == (step not in ("tombstones", "key"))
        assert rotate(filled, by="N. N.").completes == begun
        assert len(workspace.load(filled.root).secret_keys()) == keys + 1
        assert {each.name for each in filled.root.glob("lake*")} == {"lake"}
        assert (stored(filled), take(filled, export)) == (before, 0)
        assert not search(filled.path("lake"), old)
        old += pseudonyms(filled)


def test_a_lake_restored_from_before_a_rotation_is_lifted_without_who_was_erased_since(filled):
    backup = shutil.copytree(filled.path("lake"), filled.root.parent / "backup")
    rotate(filled, by="N. N.")
    Tombstones(filled).add(pseudonyms(filled)[:1], request="R-0123456789", on=date(2026, 11, 20))
    shutil.rmtree(filled.path("lake"))
    shutil.move(backup, filled.path("lake"))
    with pytest.raises(SettingsError, match="from before one"):
        workspace.load(filled.root)
    assert rotate(filled, by="N. N.").completes
    assert {account for rows in stored(filled).values() for account, *_ in rows} == {"u-2", "u-3"}


def test_large_tables_are_lifted_in_parts_and_files_stay_by_account(filled, monkeypatch):
    before = stored(filled)
    monkeypatch.setattr(copying, "WHOLE", 2)
    monkeypatch.setattr("privacy_analytics.lake.store.FILE_ROWS", 3)
    rotate(filled, by="N. N.")
    assert stored(filled) == before
    accounts = [pl.read_parquet(file)["account"].unique() for _, _, file in Lake(filled.path("lake")).live("events")]
    assert sorted(map(len, accounts)) == [1, 1, 1]


def test_without_room_for_a_second_lake_nothing_is_begun(filled, monkeypatch):
    monkeypatch.setattr(rotation.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 0))
    with pytest.raises(SettingsError, match="must be free"):
        rotate(filled, by="N. N.")
    assert len(workspace.load(filled.root).secret_keys()) == 1


@pytest.fixture(scope="module")
def rotated(made, tmp_path_factory):
    """A workspace after a rotation, and what it was before: a lake that was opened, its locks, its tombstone."""
    root = shutil.copytree(made, tmp_path_factory.mktemp("rotated") / "w")
    workspace.accept_restore(root)
    settings = workspace.load(root)
    gone = IdentityHasher(*settings.secret_keys()).pseudonym("u-9")
    Tombstones(settings).add([gone], request="R-0123456789", on=date(2026, 11, 20))
    with Lake(settings.path("lake")).alone():
        locks = {name: settings.path("lake", name).stat().st_ino for name in LOCKS}
    before = {
        "planned": planned(settings),
        "keys": settings.secret_keys(),
        "prepared": Lake(settings.path("lake")),
        "locks": locks,
        "stone": Tombstones(settings).all()[0],
    }
    rotate(settings, by="N. N.")
    return SimpleNamespace(settings=workspace.load(root), **before)


LOCKS = (".lock", ".gate", ".rows")


def test_a_rotation_is_logged_and_can_be_looked_at_before(rotated):
    seen = rotated.planned
    assert (seen.keys, seen.tombstones, seen.completes, len(rotated.keys)) == (2, 1, False, 1)
    entries = [entry.facts for entry in AuditLog(rotated.settings).entries() if entry.action == "rotate"]
    assert entries == [{"by": "N. N.", "keys": 2, "completed": False}]


def test_words_of_an_account_are_masked_after_a_rotation_as_before(rotated):
    lake, hasher = Lake(rotated.settings.path("lake")), IdentityHasher(*rotated.settings.secret_keys())
    theirs = pl.col("account") == pseudonyms(rotated.settings)[0], pl.col("type").is_not_null()
    own = lake.scan("identities", ALWAYS, lake.batches()).filter(*theirs).collect()
    assert set(own["hash"]) == {entry.hash for entry in hasher.own(email="u-1@x.example", name="Jane Roe").entries}


def test_tombstones_nest_in_a_new_key_and_hold(rotated):
    (new,) = Tombstones(rotated.settings).all()
    hasher = IdentityHasher(*rotated.settings.secret_keys())
    held = [Tombstones(rotated.settings).hold(hasher.generations(each)) for each in ("u-9", "u-1")]
    assert (new.keys, new.hash != rotated.stone.hash, held) == (2, True, [True, False])


def test_who_prepared_with_the_older_key_writes_nothing(rotated):
    for lock in (rotated.prepared.locked, rotated.prepared.alone):
        with pytest.raises(TryLater, match="rotated meanwhile"), lock():
            pass
    with rotated.prepared.reading():
        pass


def test_what_waits_for_a_lock_meets_the_same_lock_after_the_swap(rotated):
    assert {name: rotated.settings.path("lake", name).stat().st_ino for name in LOCKS} == rotated.locks


def test_files_are_for_the_owner_alone(rotated):
    assert not [path for path in rotated.settings.root.rglob("*") if path.stat().st_mode & 0o077]


def test_an_older_key_than_the_lakes_is_refused(rotated):
    key = rotated.settings.path("private", "key")
    keys = key.read_bytes()
    try:
        key.write_bytes(keys.splitlines(keepends=True)[0])
        with pytest.raises(SettingsError, match="older than the lake"):
            workspace.load(rotated.settings.root)
    finally:
        key.write_bytes(keys)


CHILD = """
import sys
from privacy_analytics.rights.rotation import rotate
from privacy_analytics.workspace import load
settings = load(sys.argv[1], rotating=True)
print("ready", flush=True)
rotate(settings, by="N. N.")
"""


@pytest.mark.long
def test_a_rotation_killed_at_any_moment_is_completed_by_the_next(filled, export):
    before, old, rng = stored(filled), pseudonyms(filled), random.Random(7)
    killed = 0
    for _ in range(12):
        command = [sys.executable, "-c", CHILD, str(filled.root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            with suppress(subprocess.TimeoutExpired):
                child.wait(rng.uniform(0, 0.6))
            killed += child.poll() is None
            child.kill()
    assert killed
    if workspace.half_rotated(filled):
        rotate(filled, by="N. N.")
    assert len(workspace.load(filled.root).secret_keys()) > 1
    assert {each.name for each in filled.root.glob("lake*")} == {"lake"}
    assert not search(filled.root, old)
    assert (stored(filled), take(filled, export)) == (before, 0)
