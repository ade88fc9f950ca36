"""What the operator types and reads: counts, file names and rule names; never a value of a row."""

import logging
import traceback

import pytest
from click.testing import CliRunner

from privacy_analytics.cli.ingest import ingest, snapshot
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
