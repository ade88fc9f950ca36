"""However an intake is cut into chunks, files, parts and spans, the same rows land, and the same is counted."""

import random
from types import SimpleNamespace

import polars as pl

from privacy_analytics.ingest.directory import Directory

SMALL = {
    "export.ROWS": 30,
    "export.CHUNK": {"accounts": 5, "chats": 6},
    "staging.HELD": 4_000,
    "staging.WHOLE": 8_000,
    "landing.KNOWN_ROWS": 20,
    "landing.SESSION_ROWS": 30,
    "identifiers._ROWS": 30,
}
NOW = ["at", "policy"]
"""Columns that may tell when an intake was."""
ACCOUNTS = [f"u{n}" for n in range(12)]


def exports(rng, event):
    """Two exports that share rows; with equal rows, rows without an id, broken ones, and accounts held back."""
    at = [f"2026-{rng.choice(['09', '10'])}-{rng.randint(1, 28):02}T{rng.randint(0, 23):02}:00:00Z" for _ in range(9)]
    events = [
        event(rng.choice(ACCOUNTS), rng.choice([*at, "02.10."]), duration_ms=rng.choice([1, 2])) for _ in range(90)
    ]
    events += [event("u0", rng.choice(at), event_id=f"e{n}", session_id=f"s{n % 3}") for n in range(40)]  # a large one
    accounts = [
        {"account_id": each, "email": f"{each}@x.example", "name": f"{each} Kim", "age_attested": rng.random() < 0.8}
        for each in ACCOUNTS
    ]
    said = ["hi", "im 15 btw", "I am Kim", "u1@x.example"]
    chats = [
        {
            "account_id": rng.choice(ACCOUNTS),
            "conversation_id": f"c{n}",
            "started_at": rng.choice(at),
            "messages": [{"role": "user", "content": rng.choice(said)}],
        }
        for n in range(12)
    ]
    whole = {"accounts.jsonl": accounts, "events.jsonl": events, "chats.jsonl": chats}
    return [{name: rng.sample(rows, len(rows) * 2 // 3) for name, rows in whole.items()} for _ in range(2)]


class Telling:
    """Instead of a scrubber: a text says whose identifiers it would have been scrubbed of."""

    tier = "telling"

    def scrub(self, texts, own=None, conversations=None):
        known = [sorted(each.types.items()) if each else "nobody" for each in own]
        return [SimpleNamespace(text=f"{text} {whose}") for text, whose in zip(texts, known, strict=True)]


def taken(bench, parts):
    """What the lake holds after these exports, one after another, and what was counted."""
    bench.settings.path("private", "key").write_text("5a" * 32)
    bench.scrubber = Telling()
    told = []
    for part in parts:
        for name, rows in part.items():
            bench.write(name, rows)
        report = bench.take()
        told.append((report.tables, report.minors, report.cards, bench.quarantine().drop("file").rows()))
    order = {name: at for at, name in enumerate(bench.lake.batches())}
    return told, {
        (table, month): sorted(
            map(str, rows.with_columns(pl.col("batch").replace_strict(order)).drop(NOW, strict=False).rows())
        )
        for table in bench.lake.schemas
        for month in bench.lake.months(table)
        if (rows := bench.lake.scan(table, month, bench.lake.batches()).collect()).height
    }


def test_many_small_parts_give_the_rows_and_counts_of_one(tmp_path, event, bench, monkeypatch):
    parts = exports(random.Random(7), event)
    told, rows = taken(bench, parts)
    for name, value in SMALL.items():
        monkeypatch.setattr(f"privacy_analytics.ingest.{name}", value)
    (tmp_path / "small").mkdir()
    small = type(bench)(tmp_path / "small")
    assert taken(small, parts) == (told, rows)
    names = {table for table, _ in rows}
    assert names >= {"accounts", "events", "chats", "messages", "sessions", "identities", "held", "marks"}
    assert len({file.name[:16] for _, _, file in small.lake.live("events")}) > 3
    assert all(counts.added and counts.known for counts in (told[1][0]["events"], told[1][0]["chats"]))


def test_an_intake_leaves_no_file_that_it_looked_accounts_up_in(bench, event):
    bench.write("accounts.jsonl", [{"account_id": "a", "name": "A B", "age_attested": False}])
    bench.write("crashes.jsonl", [{"account_id": "b", "occurred_at": "2026-10-02T10:00:00Z", "stack": "x"}])
    bench.take()
    assert not [file for file in bench.lake.root.rglob("*") if file.is_file() and b"SQLite" in file.read_bytes()[:16]]


def test_who_is_looked_up_is_found_and_nobody_else(tmp_path):
    directory = Directory(tmp_path / "known")
    directory.add([("a", "1"), ("b", "2")])
    directory.add([("b", "3"), ("c", "")])
    assert directory.find(["c", "b", "d"]) == {"c": "", "b": "2"}
    directory.close()
    assert (tmp_path / "known").stat().st_mode & 0o077 == 0
