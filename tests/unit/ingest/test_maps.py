"""A column map makes other people's exports fit; a draft of one is written from names and types."""

import pytest

from privacy_analytics.ingest import maps
from privacy_analytics.ingest.draft import draft_map
from privacy_analytics.shipped import shipped

THEIRS = {
    "userId": "a",
    "ts": "2026-10-02T10:00:00",
    "event_name": "app_opened",
    "source": "app",
    "junk": {"deep": [1]},
}
MAP = """
assume_timezone = "Europe/Berlin"
[events]
drop = ["source", "junk"]
[events.rename]
userId = "account_id"
ts = "occurred_at"
event_name = "event"
[events.constants]
os = "linux"
"""


def test_renames_constants_drops_and_an_assumed_zone(bench):
    bench.write("events.jsonl", [THEIRS])
    bench.take(MAP)
    row = bench.rows("events").row(0, named=True)
    assert (row["event"], row["os"], row["occurred_at"].hour) == ("app_opened", "linux", 8)


def test_dropping_the_rest_drops_whatever_does_not_fit(bench):
    bench.write("events.jsonl", [THEIRS | {"more": 1}])
    assert bench.take(MAP.replace('["source", "junk"]', '"rest"')).tables["events"].added == 1


def test_where_takes_only_some_rows_and_counts_the_others(bench):
    bench.write("events.jsonl", [THEIRS, THEIRS | {"source": "test"}, THEIRS | {"source": None}])
    report = bench.take(MAP + '[events.where]\nsource = ["app"]\n')
    assert (report.tables["events"].added, report.tables["events"].dropped) == (1, 2)


@pytest.mark.parametrize("name", ["events.jsonl", "events.csv"])
def test_where_can_select_by_a_column_that_is_kept(bench, name):
    rows = ["userId,ts,event_name", "a,2026-10-02T10:00:00,app_opened", "a,2026-10-02T10:00:00,message_sent"]
    objects = [dict(zip(rows[0].split(","), row.split(","), strict=True)) for row in rows[1:]]
    bench.write(name, rows if name.endswith("csv") else objects)
    bench.take(MAP + '[events.where]\nevent_name = ["message_sent"]\n')
    assert bench.rows("events")["event"].to_list() == ["message_sent"]


def test_a_fallback_fills_what_is_missing_also_from_the_conversation(bench):
    turns = [{"who": "user", "content": "x", "sent_at": None}, {"who": "assistant", "content": "y"}]
    started = "2026-10-02T10:00:00Z"
    bench.write("chats.jsonl", [{"account_id": "a", "conversation_id": "c", "started_at": started, "messages": turns}])
    fallback = '[chats.messages.rename]\nwho = "role"\n[chats.messages.fallback]\nsent_at = "started_at"\n'
    bench.take(fallback + '[chats.fallback]\nended_at = "started_at"\n')
    assert bench.rows("messages")["sent_at"].n_unique() == 1
    assert bench.rows("messages")["sent_at"].null_count() == 0
    assert bench.rows("chats")["ended_at"].null_count() == 0


def test_a_map_names_the_table_of_a_file_and_ignores_others(bench, event):
    bench.write("clicks.jsonl.zst", [event()])
    bench.write("events-old.jsonl", ["broken"])
    report = bench.take('ignore = ["*-old.*"]\n[files]\n"clicks.jsonl.zst" = "events"\n')
    assert (report.tables["events"].added, report.alone) == (1, ["events-old.jsonl"])


def test_a_csv_is_mapped_like_json(bench):
    bench.write("events.csv", ["userId,ts,event_name,source,junk", "a,2026-10-02 10:00,app_opened,app,"])
    assert bench.take(MAP).tables["events"].added == 1


@pytest.mark.parametrize("name", ["events.jsonl", "clickstream_event.csv"])
def test_a_drafted_map_works_when_all_required_columns_were_recognised(bench, name):
    lines = ["userId,ts,event_name,source", "a,2026-10-02T10:00:00,app_opened,app"]
    bench.write(name, lines if name.endswith("csv") else [THEIRS])
    text = draft_map(bench.export)
    assert '"source"' in text
    assert "is it UTC?" in text
    assert bench.take(text).tables["events"].added == 1


def test_a_draft_says_which_required_column_it_did_not_find(bench):
    bench.write("accounts.csv", ["user_id,mail,mystery value 77", "planted,planted@x.example,planted"])
    text = draft_map(bench.export)
    assert "# age_attested is required" in text
    assert '"mail" = "email"' in text
    assert "planted" not in text
    assert "mystery" not in text


def test_the_shipped_map_of_open_data_reads(bench):
    assert maps.load(shipped("data", "maps", "real_open_data.toml"), bench.settings).of("accounts").constants
