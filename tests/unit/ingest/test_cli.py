"""What the operator types and reads: counts, file names and rule names; never a value of a row."""

import json
import logging
import traceback
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from privacy_analytics.cli.ingest import ingest, snapshot
from privacy_analytics.errors import UsageError
from privacy_analytics.scrub.card import quoted, scrubbing

CANARY = "planted-canary"


def run(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_ingest_prints_counts_and_rules_and_no_value(bench, event, caplog):
    broken = [event(at=CANARY), event(event=CANARY * 100), event() | {CANARY: CANARY}, CANARY]
    bench.write("events.jsonl", [event(), event(feature=CANARY), *broken])
    bench.write("notes.txt", [CANARY])
    caplog.set_level(logging.DEBUG)
    result = run(ingest, bench.export, "-w", bench.settings.root, "--tier", "fast")
    assert result.exit_code == 0, result.exception
    assert "quarantined  events: row|undeclared  1" in result.output
    assert "left alone   notes.txt" in result.output
    assert result.output.endswith(f"scrubbing    {quoted(scrubbing('fast'))}\n")
    assert "events.jsonl: 6 rows read" in caplog.text
    assert CANARY not in result.output + caplog.text
    stored = b"".join(file.read_bytes() for file in bench.lake.root.rglob("*.json"))
    assert CANARY.encode() not in stored


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("events.csv", ["account_id,occurred_at,event", f'a,2026-10-02T10:00:00Z,"{CANARY}']),
        ("events.csv", [f"{CANARY},{CANARY}", CANARY]),
        ("events.parquet", [CANARY]),
        ("events.jsonl.zst.gz", [CANARY]),
        ("events.jsonl", [f'{{"account_id": "{CANARY}", "occurred_at": [["{CANARY}"]], "event": {{"{CANARY}": 1}}}}']),
    ],
)
def test_no_error_or_traceback_shows_a_value(bench, name, lines):
    bench.write(name, lines)
    result = run(ingest, bench.export, "-w", bench.settings.root, "--tier", "fast")
    shown = result.output + "".join(traceback.format_exception(result.exception)) if result.exception else result.output
    assert CANARY not in shown


def test_a_map_can_be_drafted_to_a_file_and_used(bench):
    bench.write("events.csv", ["uid,ts,event_name,mood", "a,2026-10-02T10:00:00Z,app_opened,good"])
    drafted = bench.export.parent / "drafted.toml"
    assert run(ingest, bench.export, "--draft-map", drafted).exit_code == 0
    assert 'drop = ["mood"]' in run(ingest, bench.export, "--draft-map").output
    assert run(ingest, bench.export, "-w", bench.settings.root, "--map", drafted, "--tier", "fast").exit_code == 0
    assert "2026-10.r0  1 batch(es)" in run(snapshot, "2026-10", "-w", bench.settings.root).output


def test_an_export_can_say_through_which_day_its_tables_are_whole(bench, event):
    bench.write("events.jsonl", [event()])
    done = run(ingest, bench.export, "-w", bench.settings.root, "--tier", "fast", "--through", "2026-10-31")
    assert done.exit_code == 0, done.exception
    (file,) = bench.lake.root.glob("batches/*.json")
    told = json.loads(file.read_text())
    assert (told["through"], told["tables"]) == ("2026-10-31", ["events"])


def test_no_export_is_whole_through_a_day_that_is_not_over(bench, event):
    bench.write("events.jsonl", [event()])
    refused = run(ingest, bench.export, "-w", bench.settings.root, "--through", f"{date.today() + timedelta(days=1)}")
    assert isinstance(refused.exception, UsageError)
    assert bench.lake.batches() == ()


def test_a_job_waits_and_a_revision_names_its_token(bench, event):
    bench.write("events.jsonl", [event()])
    run(ingest, bench.export, "-w", bench.settings.root, "--tier", "fast")
    assert run(snapshot, "2026-10", "-w", bench.settings.root, "--wait").output == "2026-10.r0  1 batch(es)\n"
    bench.write("events.jsonl", [event(), event(account="b")])
    run(ingest, bench.export, "-w", bench.settings.root, "--tier", "fast")
    assert run(snapshot, "2026-10", "-w", bench.settings.root, "--revise").output == "2026-10.r1  2 batch(es)\n"
