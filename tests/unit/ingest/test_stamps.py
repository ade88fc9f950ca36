"""Every row says which version of the policy it was collected under, and a later version never changes that (§11)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from privacy_analytics import settings as settings_of
from privacy_analytics.ingest.stamps import policy_at
from privacy_analytics.policy import in_force

MORE = '[[policy]]\nversion = "{}"\nposted = {}\n\n[loss] '


@pytest.fixture
def versions(bench):
    """1.0 since January, 1.1 posted on 1 October and so in force from the 15th, 2.0 far away."""
    file = bench.settings.path("workspace.toml")
    later = MORE.format("1.1", "2026-10-01") + "#"
    file.write_text(file.read_text().replace("[loss] ", later.replace("[loss] #", "[loss] "), 1))
    file.write_text(file.read_text().replace("[loss] ", MORE.format("2.0", "2099-01-01"), 1))
    bench.settings = settings_of.read(bench.settings.root)
    return bench.settings.policy


def test_a_stamp_is_the_version_in_force_to_the_microsecond(bench, versions):
    starts = [datetime.combine(each.effective, datetime.min.time(), UTC) for each in versions]
    moments = [start + shift for start in starts for shift in (timedelta(microseconds=n) for n in (-1, 0, 1))]
    frame = pl.DataFrame({"at": moments}, schema={"at": pl.Datetime("us", "UTC")})
    stamped = frame.select(policy_at(pl.col("at"), versions)).to_series().to_list()
    assert stamped == [in_force(bench.settings, moment).version for moment in moments]
    assert stamped == ["1.0"] * 4 + ["1.1"] * 3 + ["2.0"] * 2


def test_rows_of_every_table_and_what_is_derived_of_them_say_their_version(bench, event, versions):
    turns = [{"role": "user", "content": "how do I sidechain?", "sent_at": "2026-10-15T00:00:00Z"}]
    chat = {"account_id": "a", "conversation_id": "c", "started_at": "2026-10-14T23:59:59Z", "messages": turns}
    bench.scrubber.scrub = lambda texts, own=None, conversations=None: [type("T", (), {"text": t}) for t in texts]
    bench.write("chats.jsonl", [chat])
    bench.write("events.jsonl", [event(at="2026-10-14T23:59:00Z"), event(at="2026-10-15T12:00:00Z")])
    bench.write("accounts.jsonl", [{"account_id": "a", "age_attested": True, "created_at": "2026-02-01T00:00:00Z"}])
    bench.take()
    found = {
        table: sorted(bench.rows(table)["policy"])
        for table in ("accounts", "chats", "messages", "themes", "events", "sessions")
    }
    one, both = ["1.0"], ["1.0", "1.1"]
    assert found == {
        "accounts": one, "chats": one, "messages": ["1.1"], "themes": one, "events": both, "sessions": both
    }  # fmt: skip


def test_a_row_without_a_time_takes_that_of_the_intake(bench, versions):
    bench.write("accounts.jsonl", [{"account_id": "a", "age_attested": True}])
    bench.take()
    assert bench.rows("accounts")["policy"].to_list() == [in_force(bench.settings).version]


def test_a_new_version_changes_no_row_that_is_there(bench, event):
    bench.write("events.jsonl", [event(at="2026-10-20T00:00:00Z")])
    bench.take()
    file = bench.settings.path("workspace.toml")
    file.write_text(file.read_text().replace("[loss] ", MORE.format("1.1", "2026-10-01"), 1))
    bench.settings = settings_of.read(bench.settings.root)
    again = bench.take()
    assert (again.tables["events"].known, bench.rows("events")["policy"].to_list()) == (1, ["1.0"])
    assert bench.settings.policy[-1].effective == date(2026, 10, 15)
