"""Taking an export again, reordered, rewritten or in parts adds nothing twice; a kill leaves all or none."""

import os
import random
import signal
import subprocess
import sys
import time

import polars as pl
import pytest

ROWS = ["events", "chats", "messages", "sessions", "accounts", "identities", "support"]


@pytest.fixture
def export(event):
    rng = random.Random(7)
    events = [event(rng.choice("abc"), f"2026-{m}-02T10:{n % 60:02}:00Z") for m in ("09", "10") for n in range(80)]
    named = [event("a", "2026-10-05T09:00:00Z", event_id=f"e{n}", session_id="s") for n in range(5)]
    chats = [
        {
            "account_id": account,
            "conversation_id": f"c{n}",
            "started_at": f"2026-10-0{n}T10:00:00Z",
            "messages": [{"role": "user", "content": f"x{n}"}, {"role": "assistant", "content": "y"}],
        }
        for account in "ab"
        for n in range(1, 5)
    ]
    accounts = [{"account_id": a, "email": f"{a}@x.example", "age_attested": True} for a in "abc"]
    return {"accounts.jsonl": accounts, "chats.jsonl": chats, "events.jsonl": events + named}


def stored(bench, without=("batch",)):
    return {
        table: bench.rows(table).drop(without).sort(pl.all().exclude(pl.List)).rows()
        for table in ROWS
        if bench.rows(table).height
    }


def put(bench, export, change=lambda rows: rows):
    for name, rows in export.items():
        bench.write(name, change(rows))


def test_the_same_export_twice_adds_nothing(bench, export):
    put(bench, export)
    bench.take()
    before = stored(bench)
    report = bench.take()
    assert {counts.added for counts in report.tables.values()} == {0}
    assert stored(bench) == before


def test_a_reordered_and_repacked_export_adds_nothing(bench, export):
    put(bench, export)
    bench.take()
    before = stored(bench)
    for name, rows in export.items():
        (bench.export / name).unlink()
        bench.write(f"{name}.zst", random.Random(1).sample(rows, len(rows)))
    bench.take()
    assert stored(bench) == before


def test_an_export_in_parts_stores_what_it_stores_as_a_whole(bench, export, monkeypatch):
    put(bench, {name: rows[::2] for name, rows in export.items()})
    bench.write("events.jsonl", [row for row in export["events.jsonl"] if row["occurred_at"] < "2026-10"])
    bench.take()
    put(bench, {name: rows[1::2] for name, rows in export.items()})
    bench.write("events.jsonl", export["events.jsonl"])
    bench.take()
    parts = stored(bench)
    whole = type(bench)(bench.export.parent / "whole") if (bench.export.parent / "whole").mkdir() is None else None
    key = bench.settings.path("private", "key").read_text()
    whole.settings.path("private", "key").write_text(key)
    put(whole, export)
    whole.take()
    assert stored(whole) == parts


def test_chunks_and_parts_do_not_change_what_is_stored(bench, export, monkeypatch):
    put(bench, export)
    bench.take()
    key = bench.settings.path("private", "key").read_text()
    monkeypatch.setattr("privacy_analytics.ingest.export.ROWS", 7)
    monkeypatch.setattr("privacy_analytics.ingest.staging.HELD", 20)
    monkeypatch.setattr("privacy_analytics.ingest.staging.WHOLE", 10)
    (bench.export.parent / "other").mkdir()
    other = type(bench)(bench.export.parent / "other")
    other.settings.path("private", "key").write_text(key)
    other.take(source=bench.export)
    assert stored(other) == stored(bench)


def test_an_account_that_changed_gets_a_new_version_and_the_newest_holds(bench):
    for plan in ("free", "pro", "free"):
        bench.write("accounts.jsonl", [{"account_id": "a", "age_attested": True, "plan_tier": plan}])
        bench.take()
    newest = bench.lake.accounts(bench.lake.batches()).collect()
    assert newest["plan_tier"].to_list() == ["free"]
    assert bench.rows("accounts").height == 3


def test_later_events_of_a_month_derive_its_sessions_anew_and_an_old_snapshot_keeps_its_own(bench, event):
    bench.write("events.jsonl", [event(at="2026-10-02T10:00:00Z"), event(at="2026-10-02T11:00:00Z")])
    bench.take()
    first = bench.lake.batches()
    bench.write("events.jsonl", [event(at="2026-10-02T10:30:00Z")])
    bench.take()
    assert bench.rows("sessions")["minutes"].to_list() == [60.0]
    old = bench.lake.scan("sessions", "2026-10", first).sort("started_at").collect()
    assert old["minutes"].to_list() == [0.0, 0.0]


def test_a_session_id_holds_a_session_together_and_a_month_end_cuts_it(bench, event):
    at = ["2026-10-31T20:00:00Z", "2026-10-31T23:00:00Z", "2026-11-01T00:10:00Z"]
    bench.write(
        "events.jsonl",
        [event(at=each, session_id="s", os=os) for each, os in zip(at, (None, "linux", "macos"), strict=True)],
    )
    bench.take()
    sessions = bench.rows("sessions").sort("started_at")
    assert sessions.select("month", "minutes", "events", "os").rows() == [
        ("2026-10", 180.0, 2.0, "linux"),
        ("2026-11", 0.0, 1.0, "macos"),
    ]


def test_a_session_has_its_prompts_and_the_first_version_that_is_named(bench, event):
    minutes = {"app_opened": (0, None), "message_sent": (1, "2.5"), "feature_used": (2, "2.6")}
    rows = [event(at=f"2026-10-02T10:0{at}:00Z", app_version=version) | {"event": name}
            for name, (at, version) in minutes.items()]  # fmt: skip
    bench.write("events.jsonl", [*rows, event(at="2026-10-02T10:03:00Z") | {"event": "message_sent"}, event("b")])
    bench.take()
    sessions = bench.rows("sessions").sort("events", descending=True)
    assert sessions.select("events", "prompts", "app_version").rows() == [(4.0, 2.0, "2.5"), (1.0, 0.0, None)]


CHILD = """
import sys
from pathlib import Path
from privacy_analytics import settings
from privacy_analytics.ingest.intake import ingest
class Plain:
    tier = "plain"
    def scrub(self, texts, own=None, conversations=None):
        return [type("T", (), {"text": "x"}) for _ in texts]
print("ready", flush=True)
ingest(settings.read(Path(sys.argv[1])), Path(sys.argv[2]), scrubber=Plain())
"""


def test_a_kill_at_any_moment_leaves_all_or_none_and_the_next_run_completes(bench, export):
    put(bench, export)
    rng = random.Random(11)
    folder = bench.settings.root
    for _ in range(6):
        command = [sys.executable, "-c", CHILD, str(folder), str(bench.export)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            child.stdout.readline()
            time.sleep(rng.uniform(0, 0.25))
            os.kill(child.pid, signal.SIGKILL)
        seen = {table: bench.rows(table).height for table in ROWS if table != "support"}
        assert all(seen.values()) or not any(seen.values())
    bench.take()
    assert bench.rows("events").height == len(export["events.jsonl"])
    committed = set(bench.lake.batches())
    files = [file for file in folder.glob("lake/*/month=*/batch=*/*") if file.parent.name[6:] not in committed]
    assert not files
    assert not (folder / "lake" / "staging").exists()
