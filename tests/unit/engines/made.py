"""A lake made to disturb: undefined numbers, edges of days and hours, batches that replace others, marks set and taken
off, rows of several policies.
"""

from __future__ import annotations

import math
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from privacy_analytics import settings, workspace
from privacy_analytics.lake import Lake
from tests.conftest import account_hash

ACCOUNTS = 90
COLUMNS = """
[columns.events.preset_count]
type = "integer"
bounds = [0, 9]
[columns.events.tried]
type = "boolean"
[columns.events.style]
type = "key"
keys = "styles"
"""
NUMBERS = [None, math.nan, math.inf, -math.inf, -0.0, 0.005, 2.5, -3.3, 4.999999, 5.0, 1e300]
FEATURES = ["chat", "mix_assist", "lyric_ideas", "other", "no longer listed", None]
SYSTEMS = ["macos", "windows", "linux", "ios", "android", "other", None]
CODES = ["out_of_memory", "gpu_reset", "other"]
TEXTS = ["Warm pad, warm mix", "the mix is muddy", "mix <PERSON> it", "", None, "muddy kick drum and the warm pad"]
MARKS = [("minor", 3, True), ("hold", 4, True), ("limit", 5, True), ("opt_out", 6, True),
         ("hold", 4, False), ("hold", 7, True), ("opt_out", 6, False), ("opt_out", 8, True)]  # fmt: skip


def made(folder: Path) -> settings.Settings:
    """A workspace of three months, the last of which is October 2026, in New York."""
    workspace.create(
        folder, product="Plugin", contact_email="a@b.test", timezone="America/New_York", posted=date(2026, 1, 1)
    )
    with (folder / "workspace.toml").open("a") as file:
        file.write(COLUMNS)
    (folder / "keys" / "styles.txt").write_text("techno\nhouse\n")
    read = workspace.load(folder)
    lake, draw = Lake(read.path("lake")), random.Random(11)
    for batch in ("20261101T000000000001-aa", "20261101T000000000002-bb"):
        for table, rows in tables(draw).items():
            lake.append(table, filled(lake, table, rows, draw), batch)
        lake.commit(batch, {})
    for mark, who, is_set in MARKS:
        lake.mark([pseudonym(who)], mark, is_set=is_set, at=datetime(2026, 11, 2, tzinfo=UTC))
    return read


def pseudonym(who: int) -> str:
    """Even over all pseudonyms, as keyed hashes are."""
    return f"{who * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128:032x}"


def tables(draw: random.Random) -> dict[str, list[dict[str, Any]]]:
    """Rows by table; of those of a batch, a third of the accounts has none."""
    here = [who for who in range(ACCOUNTS) if draw.random() < 0.7]

    def rows(count: int, time: str, of: Any) -> list[dict[str, Any]]:
        whose = [draw.choice(here) ** 2 // ACCOUNTS for _ in range(count)]  # some have many
        return [
            {"who": who, time: _moment(draw), "policy": draw.choice([None, "2026-08", "0"])} | of() for who in whose
        ]

    return {
        "accounts": [
            {"who": who, "created_at": draw.choice([None, _moment(draw), _moment(draw, 700)]), "policy": None}
            | {"plan_tier": draw.choice(["free", "studio", None]), "opted_out": draw.choice([True, False, None])}
            | {"gpc": draw.random() < 0.1}
            for who in here
        ],
        "events": rows(1_500, "occurred_at", lambda: {
            "event": "feature_used", "feature": draw.choice(FEATURES), "os": draw.choice(SYSTEMS),
            "duration_ms": draw.choice([*NUMBERS, draw.uniform(-9, 9)]),
            "preset_count": draw.choice([None, 1.0, 2.0, 7.0]),
            "tried": draw.choice([True, False, None]), "style": draw.choice(["techno", "house", "polka", None])}),
        "sessions": rows(500, "started_at", lambda: {
            "os": draw.choice(SYSTEMS), "minutes": draw.choice([*NUMBERS[3:], draw.uniform(0, 99)])}),
        "crashes": rows(200, "occurred_at", lambda: {"code": draw.choice(CODES), "os": draw.choice(SYSTEMS)}),
        "messages": rows(400, "sent_at", lambda: {
            "role": draw.choice(["user", "assistant"]), "content": draw.choice(TEXTS)}),
        "held": [{"who": draw.randrange(ACCOUNTS)} for _ in range(3)],
    }  # fmt: skip


def filled(lake: Lake, table: str, rows: list[dict[str, Any]], draw: random.Random) -> pl.DataFrame:
    """Rows with everything that the lake's table has and these do not say."""
    zone, schema = "America/New_York", lake.schemas[table]
    times = [name for name in ("occurred_at", "started_at", "sent_at", "created_at") if name in rows[0]]
    for row in rows:
        row["account"] = pseudonym(row.pop("who"))
        row |= {"account_hash": account_hash(row["account"]), "row_id": draw.getrandbits(62)}
    said = {name: kind for name, kind in schema.items() if name in rows[0]}
    frame = pl.DataFrame(rows, schema=said)
    if times and "day" in schema:
        frame = frame.with_columns(day=pl.col(times[0]).dt.convert_time_zone(zone).dt.date())
    month = pl.lit("all") if table in ("accounts", "held") else pl.col("day").dt.strftime("%Y-%m")
    absent = {name: kind for name, kind in schema.items() if name not in frame.columns}
    return frame.with_columns(month.alias("month"), *(pl.lit(None, kind).alias(name) for name, kind in absent.items()))


def _moment(draw: random.Random, days: int = 91) -> datetime:
    """Up to the end of October, often at the edge of an hour or a day."""
    end = datetime(2026, 11, 1, 4, tzinfo=UTC) - timedelta(microseconds=1)  # midnight in New York
    back = timedelta(seconds=draw.uniform(0, days * 86_400))
    return (end - back).replace(**draw.choice([{}, {"minute": 0, "second": 0, "microsecond": 0}]))
