"""What the officer decided about an account holds for every later export: erased, closed, held back."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from privacy_analytics.audit import AuditLog
from privacy_analytics.cli.ingest import summary
from privacy_analytics.lake import ALWAYS
from privacy_analytics.scrub import IdentityHasher
from privacy_analytics.tombstones import Tombstones

AT = "2026-10-02T10:00:00Z"


@pytest.fixture
def export(bench, event):
    """Rows of ``a`` and ``b`` in every table; ``b`` also brings broken ones, and is not attested to be of age."""
    turns = [{"role": "user", "content": "hello"}]
    bench.write("accounts.jsonl", [{"account_id": "a", "age_attested": True}, {"account_id": "b", "email": "b@x.test"}])
    bench.write("events.jsonl", [event("a"), event("b"), event("b", "yesterday"), event("b", odd=1)])
    rest = {
        "chats": {"conversation_id": "c", "started_at": AT, "messages": turns},
        "support": {"ticket_id": "t", "opened_at": AT, "messages": turns},
        "crashes": {"occurred_at": AT, "stack": "frame"},
        "projects": {"saved_at": AT, "tracks": 3},
        "performance": {"occurred_at": AT, "metric": "audio_callback"},
    }
    for table, row in rest.items():
        bench.write(f"{table}.jsonl", [{"account_id": account, **row} for account in "ab"])
    return bench


def pseudonym(bench, account):
    return IdentityHasher(*bench.settings.secret_keys()).pseudonym(account)


def everywhere(bench):
    """Every pseudonym in the lake and its quarantine."""
    found = {a for table in bench.lake.schemas for a in bench.rows(table)["account"]}
    return found | {a for file in bench.lake.root.glob("quarantine/*") for a in pl.read_parquet(file)["account"]}


@pytest.mark.clause("8.tombstone")
def test_an_erased_account_does_not_come_back_in_any_table_nor_in_quarantine(export):
    Tombstones(export.settings).add([pseudonym(export, "b")], request="R-0000000000", on=date(2026, 11, 1))
    report = export.take()
    assert everywhere(export) == {pseudonym(export, "a")}
    refused = {table: counts.erased for table, counts in report.tables.items() if counts.erased}
    assert refused == {
        "accounts": 1,
        "chats": 1,
        "events": 3,
        "projects": 1,
        "performance": 1,
        "crashes": 1,
        "support": 1,
    }
    assert not any(counts.quarantined for counts in report.tables.values())
    assert summary(report).splitlines()[0].endswith("erased")


def test_the_summary_has_no_column_for_the_erased_where_there_are_none(export):
    assert "erased" not in summary(export.take())


def test_without_tombstones_nobody_is_looked_up(export, monkeypatch):
    monkeypatch.setattr(Tombstones, "hold", lambda *_: pytest.fail("looked up"))
    export.take()


def test_an_account_is_hashed_once_a_chunk_also_where_tombstones_are(export, monkeypatch, event):
    for file in export.export.iterdir():
        file.unlink()
    export.write("events.jsonl", [event("a", f"2026-10-02T10:00:{n:02}Z") for n in range(50)])
    Tombstones(export.settings).add([pseudonym(export, "b")], request="R-0000000000", on=date(2026, 11, 1))
    asked: list[str] = []
    generations = IdentityHasher.generations
    monkeypatch.setattr(IdentityHasher, "generations", lambda self, each: asked.append(each) or generations(self, each))
    export.take()
    assert asked == ["a"]


def test_quarantine_says_whose_row_it_was_and_never_the_row(export):
    export.take()
    entries = export.quarantine()
    assert entries.columns == ["file", "table", "line", "rule", "account"]
    assert set(entries["account"]) == {pseudonym(export, "b")}


def test_a_line_that_cannot_be_read_is_nobodys(bench, event):
    bench.write("events.jsonl", [event(), "{not json"])
    bench.take()
    assert bench.quarantine()["account"].to_list() == [None]


def test_a_closed_account_brings_rows_and_no_identity_and_is_still_scrubbed_of_its_own(bench):
    known = {"account_id": "a", "email": "kim@x.test", "age_attested": True}
    chat = {"account_id": "a", "conversation_id": "c", "started_at": AT, "messages": [{"role": "user", "content": "x"}]}
    bench.lake.mark([pseudonym(bench, "a")], "closed", is_set=True, at=datetime(2026, 11, 1, tzinfo=UTC))
    bench.write("accounts.jsonl", [known])
    bench.write("chats.jsonl", [chat])
    bench.take()
    assert (bench.rows("accounts").height, bench.rows("chats").height) == (1, 1)
    assert bench.lake.scan("identities", ALWAYS, bench.lake.batches()).collect().is_empty()
    assert all(own.entries for own in bench.scrubber.own)


def test_an_intake_is_in_the_audit_log_with_its_batch_tables_and_rows(export):
    export.take()
    last = list(AuditLog(export.settings).entries())[-1]
    assert last.action == "ingest"
    assert last.facts["batch"] == export.lake.batches()[-1]
    assert {"events", "chats", "sessions"} < set(last.facts["tables"])
