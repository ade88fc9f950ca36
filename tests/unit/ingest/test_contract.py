"""Row by row: what breaks its contract is counted by rule and left out, and takes nothing else with it."""

import polars as pl
import pytest

from privacy_analytics.scrub.card import scrubbing

CHAT = {
    "account_id": "a",
    "conversation_id": "c1",
    "started_at": "2026-10-31T23:30:00Z",
    "topic": "Mixing",
    "messages": [
        {"role": "user", "content": "planted words", "sent_at": "2026-11-01T00:10:00Z"},
        {"role": "assistant", "content": "planted reply", "channel": "voice", "voice_seconds": 3.5},
    ],
}
TICKET = {
    "account_id": "a",
    "ticket_id": "t1",
    "opened_at": "2026-10-02T10:00:00Z",
    "subject": "planted subject",
    "messages": [{"role": "agent", "content": "planted answer"}],
}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"occurred_at": "yesterday"}, "occurred_at|type"),
        ({"occurred_at": "2026-10-02T10:00:00"}, "occurred_at|no_timezone"),
        ({"occurred_at": None}, "occurred_at|nullability"),
        ({"occurred_at": "2026-10-02T24:61:00Z"}, "occurred_at|type"),
        ({"duration_ms": "long"}, "duration_ms|type"),
        ({"duration_ms": [1]}, "duration_ms|type"),
        ({"duration_ms": float("inf")}, "duration_ms|inf"),
        ({"event": None}, "event|nullability"),
        ({"event": "x" * 301}, "event|max_length"),
        ({"surprise": 1}, "row|undeclared"),
        ({"feature": "\ud800"}, "row|encoding"),
    ],
)
def test_a_broken_row_goes_to_quarantine_by_rule_and_only_it(bench, event, change, rule):
    bench.write("events.jsonl", [event(), event() | change, event(at="2026-10-03T10:00:00Z")])
    report = bench.take()
    assert dict(report.tables["events"].quarantined) == {rule: 1}
    assert bench.quarantine().select("line", "rule").rows() == [(2, rule)]
    assert bench.rows("events").height == 2


def test_broken_json_deep_json_and_bad_bytes_cost_one_row_each(bench, event):
    file = bench.write("events.jsonl", [event(), "{not json", "[" * 100_000, "[1]", ""])
    file.write_bytes(file.read_bytes() + b'{"account_id": "\xff"}\n')
    assert dict(bench.take().tables["events"].quarantined) == {"row|json": 2, "row|depth": 1, "row|encoding": 1}


def test_a_line_beyond_the_limit_costs_itself_alone(bench, event, monkeypatch):
    monkeypatch.setattr("privacy_analytics.ingest.export.MAX_LINE", 200)
    bench.write("events.jsonl", [event(), event(feature="x" * 500), event(at="2026-10-03T10:00:00Z")])
    assert dict(bench.take().tables["events"].quarantined) == {"row|too_long": 1}
    assert bench.rows("events").height == 2


def test_a_csv_row_with_too_many_cells_or_bad_bytes_is_left_out(bench):
    header = "account_id,occurred_at,event,duration_ms"
    good, wide = "a,2026-10-02T10:00:00Z,app_opened,", "a,2026-10-02T10:00:00Z,app_opened,1,2"
    file = bench.write("events.csv", [header, good, wide])
    file.write_bytes(file.read_bytes() + b"a,2026-10-02T10:00:00Z,\xff,\n")
    assert dict(bench.take().tables["events"].quarantined) == {"row|columns": 1, "row|encoding": 1}


def test_an_oversize_message_costs_its_conversation_alone(bench):
    long = CHAT | {"conversation_id": "c2", "messages": [{"role": "user", "content": "x" * 32_001}]}
    bench.write("chats.jsonl", [CHAT, long])
    assert sum(bench.take().tables["chats"].quarantined.values()) == 1
    assert bench.rows("chats").height == 1


def test_rows_without_an_account_are_counted_and_dropped(bench, event):
    bench.write("events.jsonl", [event(), event(account=None)])
    report = bench.take()
    assert (report.tables["events"].without_account, report.tables["events"].added) == (1, 1)


def test_an_account_not_attested_to_be_of_age_brings_no_row_in(bench, event):
    accounts = [{"account_id": "a", "age_attested": True}, {"account_id": "b", "age_attested": False, "odd": 1}]
    bench.write("accounts.jsonl", [*accounts, {"account_id": "c"}])
    bench.write("events.jsonl", [event("a"), event("b"), event("c")])
    report = bench.take()
    assert report.tables["events"].quarantined["age_attested"] == 2
    assert bench.rows("events")["account"].n_unique() == bench.rows("accounts").height == 1


@pytest.mark.clause("3.technical")
@pytest.mark.parametrize(
    ("column", "listed"), [("feature", " Chat "), ("os", "Linux"), ("browser", "Firefox"), ("host", "REAPER")]
)
def test_values_outside_a_public_list_become_other(bench, event, column, listed):
    odd = event(at="2026-10-03T10:00:00Z", **{column: "NT 10.0 build planted-4711"})
    bench.write("events.jsonl", [event(**{column: listed}), odd])
    bench.take()
    assert sorted(bench.rows("events")[column].str.to_lowercase()) == sorted([listed.strip().lower(), "other"])


def test_offsets_become_utc_and_months_are_cut_in_the_workspace_zone(bench_in, event):
    bench = bench_in("Europe/Berlin")
    bench.write("events.jsonl", [event(at="2026-10-31T23:30:00Z"), event(at="2026-10-31 20:00:00+02:00")])
    bench.take()
    assert bench.lake.months() == ["2026-10", "2026-11"]
    assert str(bench.rows("events").sort("occurred_at")["occurred_at"][0]) == "2026-10-31 18:00:00+00:00"


def test_a_conversation_lands_whole_in_the_month_it_starts_in(bench):
    bench.write("chats.jsonl", [CHAT])
    bench.take()
    messages, chats = bench.rows("messages").sort("position"), bench.rows("chats")
    assert messages["month"].to_list() == ["2026-10", "2026-10"]
    assert messages["channel"].to_list() == ["text", "voice"]
    assert chats.select("messages", "prompts", "topic").row(0) == (2, 1, "mixing")
    assert messages["conversation"].unique().to_list() == chats["conversation"].to_list()


@pytest.mark.clause("3.chats")
def test_every_text_is_scrubbed_before_it_is_stored(bench):
    bench.write("chats.jsonl", [CHAT])
    bench.write("support.jsonl", [TICKET])
    at = "2026-10-02T10:00:00Z"
    bench.write("crashes.jsonl", [{"account_id": "a", "occurred_at": at, "stack": "planted frame"}])
    bench.take()
    ticket = bench.rows("support").row(0, named=True)
    assert {ticket["subject"], ticket["messages"][0]["content"]} == {"scrubbed"}
    assert bench.rows("crashes")["stack"].to_list() == ["scrubbed"]
    assert set(bench.rows("messages")["content"]) == {"scrubbed"}


def test_a_batch_says_how_its_texts_were_scrubbed(bench, event):
    bench.write("events.jsonl", [event()])
    assert bench.take().scrubbing == scrubbing("marker")
    assert bench.lake.scrubbing() == [scrubbing("marker")]


def test_the_scrubber_knows_an_accounts_own_identifiers_also_from_an_earlier_export(bench):
    bench.write("accounts.jsonl", [{"account_id": "a", "email": "kim@x.example", "age_attested": True}])
    bench.take()
    (bench.export / "accounts.jsonl").unlink()
    bench.write("chats.jsonl", [CHAT])
    bench.take()
    assert all(own.entries for own in bench.scrubber.own)


@pytest.mark.clause("3.identities")
def test_identities_and_account_ids_never_land(bench, event):
    person = {"account_id": "acct-0815", "email": "kim@x.example", "username": "kimbeats", "name": "Kim Lee"}
    bench.write("accounts.jsonl", [person | {"age_attested": True}])
    bench.write("events.jsonl", [event("acct-0815"), event("acct-0815", "yesterday")])
    bench.take()
    assert bench.rows("events").height == bench.quarantine().height == 1
    stored = str([bench.rows(table).to_dicts() for table in bench.lake.schemas]) + str(bench.quarantine().to_dicts())
    assert not [value for value in person.values() if value in stored]
    assert bench.rows("identities")["type"].null_count() == 3


def test_a_number_typed_parquet_and_its_nested_turns_are_read(bench):
    turns = [{"role": "user", "content": "planted", "sent_at": None}]
    frame = pl.DataFrame({"account_id": [7], "conversation_id": ["c"], "messages": [turns]})
    started = pl.Series("started_at", ["2026-10-02T10:00:00"]).str.to_datetime().dt.replace_time_zone("UTC")
    frame.with_columns(started).write_parquet(bench.export / "chats.parquet")
    bench.take()
    assert bench.rows("messages")["content"].to_list() == ["scrubbed"]


@pytest.mark.parametrize("name", ["events.jsonl", "events-2026-10.jsonl.gz", "events_1.jsonl.zst"])
def test_packed_files_are_told_by_their_names(bench, event, name):
    bench.write(name, [event()])
    bench.write("notes.jsonl", ["x"])
    report = bench.take()
    assert report.tables["events"].added == 1
    assert report.alone == ["notes.jsonl"]
