"""A first column map for somebody else's export, from the names and types of its columns."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from privacy_analytics.contracts import EXPORTS
from privacy_analytics.ingest import export
from privacy_analytics.ingest.export import ExportFile
from privacy_analytics.ingest.maps import TURN, ColumnMap

SAMPLE = 1_000
"""Rows of a JSON file that are looked at for their keys."""
_SYNONYMS: dict[str, str] = {
    "account_id": "account user_id uid user userid member_id customer_id author_id",
    "email": "mail email_address e_mail user_email",
    "username": "user_name login nick nickname handle",
    "name": "full_name display_name real_name",
    "country": "country_code",
    "region": "state province",
    "created_at": "created signup_at signed_up_at registered_at signup_date joined_at",
    "age_attested": "is_adult adult over_18 age_confirmed age_verified",
    "plan_tier": "plan tier subscription",
    "opted_out": "opt_out optout analytics_opt_out",
    "conversation_id": "chat_id thread_id conversation id",
    "started_at": "start started start_time begin created_at",
    "ended_at": "end ended end_time finished_at",
    "topic": "category subject_area domain",
    "messages": "turns dialogue utterances",
    "event_id": "id uuid",
    "session_id": "session sid",
    "occurred_at": "timestamp ts time datetime event_time occurred happened_at created_at date",
    "event": "event_name event_type name type action",
    "feature": "feature_name",
    "duration_ms": "duration elapsed_ms",
    "os": "platform operating_system",
    "browser": "browser_name",
    "host": "daw host_app",
    "app_version": "version client_version release",
    "project_id": "id uuid",
    "saved_at": "updated_at modified_at opened_at timestamp ts time",
    "tracks": "track_count n_tracks",
    "bpm": "tempo",
    "musical_key": "key scale",
    "main_effect": "effect effect_category fx",
    "measurement_id": "id uuid",
    "metric": "metric_name name",
    "value_ms": "value ms latency_ms",
    "crash_id": "id uuid report_id",
    "code": "error_code exception crash_code",
    "stack": "stacktrace stack_trace raw backtrace",
    "ticket_id": "id case_id",
    "opened_at": "created_at opened timestamp ts time",
    "subject": "title",
    "role": "sender speaker from",
    "content": "text body message utterance",
    "sent_at": "timestamp ts time created_at",
    "channel": "medium",
    "voice_seconds": "audio_seconds voice_duration",
}
_ZONELESS = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")


@dataclass(frozen=True)
class _Shape:
    columns: list[str]
    turns: list[str]
    """Keys of the objects inside lists."""
    naive: bool
    """Whether some time carries no zone."""


def draft_map(source: Path) -> str:
    """A column map as TOML: what was recognised as renames, the rest under ``drop``, what is missing as comments.

    Raises NotFound where nothing there is an export's file, ContractError where one cannot be read.
    """
    files, alone = export.find(source, _by_guess(source))
    tables: dict[str, list[ExportFile]] = {}
    for file in files:
        tables.setdefault(file.table, []).append(file)
    named = {file.name: file.table for file in files if not file.name.startswith(file.table)}
    seen = {table: [_shape(file) for file in several] for table, several in tables.items()}
    lines = ["# A first draft: read it over. Every column is renamed, dropped or already ours."]
    if any(shape.naive for shapes in seen.values() for shape in shapes):
        lines.append('assume_timezone = "UTC"   # some times carry no zone: is it UTC?')
    if alone:
        lines.append(f"ignore = {_quoted(alone)}")
    if named:
        lines += ["", "[files]", *(f"{_quoted(name)} = {_quoted(table)}" for name, table in named.items())]
    for table, shapes in seen.items():
        columns = EXPORTS[table]
        names = list(dict.fromkeys(name for shape in shapes for name in shape.columns))
        required = [name for name, column in columns.items() if not column.nullable]
        lines += ["", *_section(table, names, list(columns), required)]
        if turns := list(dict.fromkeys(name for shape in shapes for name in shape.turns)):
            lines += _section(f"{table}.messages", turns, list(TURN), ["role", "content"])
    return "\n".join(lines) + "\n"


def _by_guess(source: Path) -> ColumnMap:
    """Files whose names hold the name of a table, or its singular, anywhere."""
    guesses: dict[str, str] = {}
    for path in source.iterdir() if source.is_dir() else [source]:
        words = path.name.casefold()
        if table := next((name for name in EXPORTS if name.removesuffix("s") in words), None):
            guesses[path.name] = table
    return ColumnMap(files=guesses)


def _section(table: str, names: list[str], ours: list[str], required: list[str]) -> list[str]:
    fits = _fits(names, ours)
    rename = {theirs: to for theirs, to in fits.items() if theirs != to}
    missing = [name for name in required if name not in fits.values()]
    say = "is required and was not recognised: rename a column to it, or give a constant."
    lines = [f"[{table}]", f"drop = {_dropped([name for name in names if name not in fits])}"]
    lines += [f"# {name} {say}" for name in missing]
    if rename:
        lines += [f"[{table}.rename]", *(f"{_quoted(theirs)} = {_quoted(to)}" for theirs, to in rename.items())]
    return lines


def _fits(names: list[str], ours: list[str]) -> dict[str, str]:
    """Theirs -> ours: exact names first, then names but for their spelling, then synonyms in order of likelihood."""
    fits = {name: name for name in names if name in ours}
    words = [(name, name) for name in ours] + [
        (name, word) for name in ours for word in _SYNONYMS.get(name, "").split()
    ]
    for column, word in words:
        theirs = next((name for name in names if _snake(name) == word and name not in fits), None)
        if theirs and column not in fits.values():
            fits[theirs] = column
    return fits


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).casefold()).strip("_")


def _shape(file: ExportFile) -> _Shape:
    rows = export.sample(file, SAMPLE)
    turns = [turn for row in rows for value in row.values() if isinstance(value, list) for turn in _objects(value)]
    values = [value for row in (*rows, *turns) for value in row.values()]
    return _Shape(_keys(rows), _keys(turns), any(map(_is_naive, values)))


def _objects(value: list[Any]) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)]


def _keys(rows: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(key for row in rows for key in row))


def _is_naive(value: object) -> bool:
    if isinstance(value, datetime):
        return value.tzinfo is None
    return isinstance(value, str) and _ZONELESS.fullmatch(value) is not None


def _dropped(names: list[str]) -> str:
    """A list of names; "rest" where one looks more like a value than like a name."""
    return _quoted(names) if all(re.fullmatch(r"[A-Za-z_][\w.]{0,40}", name) for name in names) else _quoted("rest")


def _quoted(value: str | list[str]) -> str:
    return json.dumps(value, ensure_ascii=False)
