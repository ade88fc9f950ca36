"""What is wrong with a file as a whole refuses it by name, and nothing of the export lands."""

import fcntl
import gzip
import re

import polars as pl
import pytest
import zstandard

from privacy_analytics.cli.ingest import summary
from privacy_analytics.errors import ContractError, NotFound, SettingsError, TryLater
from privacy_analytics.ingest import unpack

HEADER = "account_id,occurred_at,event"
ROW = "planted-account,2026-10-02T10:00:00Z,planted-event"


def refused(bench, error=ContractError, **how):
    with pytest.raises(error) as caught:
        bench.take(**how)
    assert bench.lake.batches() == ()
    assert "planted" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (f"{HEADER},surprise", "1 undeclared column(s) in events: surprise"),
        ("account_id,event", "events needs occurred_at"),
        (f"{HEADER},event", "twice"),
        ("planted-account,planted-event", "names no column of events"),
        (f"{HEADER},planted secret@x.example", "1 undeclared column(s) in events."),
    ],
)
def test_a_csv_header_that_does_not_fit_is_refused_by_name(bench, event, header, says):
    bench.write("crashes.jsonl", [{"account_id": "a", "occurred_at": "2026-10-02T10:00:00Z"}])
    bench.write("events.csv", [header, ROW])
    message = refused(bench)
    assert "events.csv" in message
    assert says in message


PROJECT = {"account_id": "a", "project_id": "p1", "saved_at": "2026-10-02T10:00:00Z", "tracks": 24}


@pytest.mark.clause("3.projects")
@pytest.mark.parametrize("name", ["projects.csv", "projects.parquet"])
def test_track_names_stop_the_intake_of_projects_and_are_nowhere(bench, name):
    bench.write("events.csv", [HEADER, ROW.replace("planted-account", "a")])
    frame = pl.DataFrame([PROJECT | {"track_names": "planted Lead Vox"}])
    (frame.write_csv if name.endswith("csv") else frame.write_parquet)(bench.export / name)
    message = refused(bench)
    assert "1 undeclared column(s) in projects: track_names. Policy §3 allows" in message
    assert "Drop or rename them in a map" in message
    assert_nowhere(bench, b"planted")
    report = bench.take('[projects]\ndrop = ["track_names"]\n')
    assert "projects.track_names dropped: not on the allow-list (policy §3)" in summary(report).splitlines()
    assert bench.rows("projects").height == 1
    assert_nowhere(bench, b"planted")


def test_json_lines_of_projects_say_which_columns_a_map_drops_and_no_value(bench):
    odd = {"planted secret@x.test": 1, "track_name": "planted"}
    bench.write("projects.jsonl", [PROJECT, PROJECT | {"project_id": "p2"} | odd])
    report = bench.take('[projects]\ndrop = "rest"\n')
    assert report.left_out == ["projects.track_name"]
    assert report.tables["projects"].added == 2


def test_a_project_with_track_names_goes_to_quarantine_without_them(bench):
    bench.write("projects.jsonl", [PROJECT | {"track_names": ["planted Lead Vox"]}, PROJECT | {"project_id": "p2"}])
    report = bench.take()
    assert dict(report.tables["projects"].quarantined) == {"row|undeclared": 1}
    assert bench.rows("projects").select("tracks", "musical_key").rows() == [(24.0, None)]
    assert_nowhere(bench, b"planted")


def assert_nowhere(bench, words):
    files = [file for file in bench.settings.root.rglob("*") if file.is_file()]
    assert not [file.name for file in files if words in file.read_bytes()]


def test_a_parquet_schema_that_does_not_fit_is_refused_by_name(bench):
    pl.DataFrame({"account_id": ["planted"], "surprise": [1]}).write_parquet(bench.export / "events.parquet")
    assert "events.parquet" in refused(bench)


@pytest.mark.parametrize("packing", ["gz", "zst"])
def test_a_truncated_file_is_refused_by_name_after_other_rows_were_read(bench, event, packing):
    rows = [event(f"planted-{n}", feature="x" * (n % 250)) for n in range(500)]
    bench.write("accounts.jsonl", [{"account_id": "a", "age_attested": True}])
    file = bench.write(f"events.jsonl.{packing}", rows)
    file.write_bytes(file.read_bytes()[:-20])
    assert f"events.jsonl.{packing}" in refused(bench)
    assert bench.rows("accounts").is_empty()


@pytest.mark.parametrize("name", ["events.jsonl.gz", "events.jsonl.zst", "events.parquet", "events.parquet.zst"])
def test_a_file_that_is_not_what_its_name_says_is_refused_by_name(bench, name):
    (bench.export / name).write_bytes(b"planted, neither packed nor a table")
    assert name in refused(bench)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_decompression_bomb_is_refused_by_name(bench, monkeypatch, pack):
    monkeypatch.setattr(unpack, "RATIO_FROM", 1_000_000)
    name = "events.jsonl.gz" if pack is gzip.compress else "events.jsonl.zst"
    (bench.export / name).write_bytes(pack(b"\n" * 4_000_000))
    assert "far more" in refused(bench)


def test_a_map_that_selects_by_a_missing_column_is_told(bench):
    bench.write("events.csv", [HEADER, ROW])
    assert "no column source" in refused(bench, column_map='[events.where]\nsource = ["app"]\n')


def test_chats_as_csv_say_which_formats_hold_messages(bench):
    bench.write("chats.csv", ["account_id,conversation_id,started_at,messages", "planted,c,2026-10-02,x"])
    assert ".jsonl or .parquet" in refused(bench)


def test_an_empty_folder_says_how_files_are_named(bench):
    bench.write("notes.txt", ["x"])
    assert "accounts, chats, events" in refused(bench, NotFound)


def test_a_second_intake_at_the_same_time_is_asked_to_try_later(bench, event):
    bench.write("events.jsonl", [event()])
    bench.lake.root.mkdir(exist_ok=True)
    with (bench.lake.root / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        refused(bench, TryLater)


def test_after_a_refusal_the_mended_export_lands(bench, event):
    file = bench.write("events.jsonl.gz", [event()])
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    refused(bench)
    file.write_bytes(whole)
    assert bench.take().tables["events"].added == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[event]\n", "Did you mean events?"),
        ("[events]\ndrops = []\n", "Did you mean drop?"),
        ('[events.rename]\nuid = "acount_id"\n', "Did you mean account_id?"),
        ('[files]\n"x.jsonl" = "event"\n', "Did you mean events?"),
        ('[events.rename]\na = "os"\nb = "os"\n', "two sources"),
        ('assume_timezone = "Berlin"\n', "not an IANA time zone"),
        ('[events]\ndrop = "all"\n', '"rest"'),
        ('[chats.messages.rename]\nwho = "rolle"\n', "Did you mean role?"),
        ("[events\n", "not valid TOML"),
    ],
)
def test_a_map_that_means_nothing_is_refused_with_what_was_meant(bench, text, says):
    with pytest.raises(SettingsError, match=re.escape(says)):
        bench.map(text)
