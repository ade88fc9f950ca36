"""Everything that is held of some accounts: what the lake has, and their own rows of a product's export.

Technical columns (pseudonyms, hashes, ids of rows and batches) stay here; what is not known is left out of a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import polars as pl

from privacy_analytics.ingest.maps import ColumnMap
from privacy_analytics.lake import Lake
from privacy_analytics.rights.exports import rows_of
from privacy_analytics.settings import Settings

Row = dict[str, Any]
_TECHNICAL = {
    "account", "account_hash", "row_id", "conversation", "session", "ticket", "position", "day", "month", "batch",
}  # fmt: skip
_ABOUT = ("accounts", "identities", "held", "marks", "subjects")
"""Tables that say something of the account itself."""


def collect(lake: Lake, accounts: Collection[str]) -> dict[str, Row]:
    """What the lake holds of each of these accounts, all months, in one pass over the tables.

    The caller is ``reading``. An account's holdings are

    account : ``now`` (its newest row), ``earlier`` ones, ``marks``, whether it is ``held`` back as under age, how many
        ``identifiers`` keyed hashes are kept of, its ``requests``, and how many rows of it were ``refused``, by rule
    chats : conversations with their ``messages`` in order, both sides, and ``themes``
    support : tickets with their ``messages``
    telemetry : rows by table (events, sessions, projects, performance, crashes), oldest first
    """
    found = {table: _rows(lake, table, accounts) for table in lake.schemas}
    refused, held = _refused(lake, accounts), set(lake.held(lake.batches()).collect()["account"])
    holdings: dict[str, Row] = {}
    for account in accounts:
        of = {table: rows.get(account, []) for table, rows in found.items()}
        telemetry = [table for table in of if table not in (*_ABOUT, "chats", "messages", "themes", "support")]
        holdings[account] = {
            "account": {**_about(of), "held": account in held, "refused": refused.get(account, [])},
            "chats": _conversations(of["chats"], of["messages"], of["themes"]),
            "support": [_plain(row) for row in of["support"]],
            "telemetry": {table: [_plain(row) for row in of[table]] for table in telemetry},
        }
    return holdings


def exported(
    settings: Settings, source: Path, accounts: Collection[str], column_map: ColumnMap | None = None
) -> dict[str, list[Row]]:
    """The rows of a product's export that are of these accounts, by table: in the clear, by the export's own names.

    Raises
    ------
    NotFound
        there is no such export, or nothing in it is named like a table
    ContractError
        a file is damaged, or has no column of accounts
    """
    own: dict[str, list[Row]] = {}
    for table, row in rows_of(source, column_map or ColumnMap(), settings, accounts):
        own.setdefault(table, []).append(_plain(row, leave=()))
    return own


def stored(lake: Lake, table: str, accounts: Collection[str]) -> pl.DataFrame:
    """The committed rows of some accounts in a table, oldest first, with ``month`` and ``batch``."""
    committed, schema = set(lake.batches()), lake.schemas[table]
    parts = [
        pl.scan_parquet(file, schema=schema, missing_columns="insert", hive_partitioning=False)
        .filter(pl.col("account").is_in(list(accounts)))
        .with_columns(month=pl.lit(month), batch=pl.lit(batch))
        for month, batch, file in lake.live(table)
        if batch in committed
    ]
    if not parts:
        return pl.DataFrame(schema={**schema, "month": pl.String(), "batch": pl.String()})
    times = [name for name, kind in schema.items() if isinstance(kind, pl.Datetime)]
    return pl.concat(pl.collect_all(parts)).sort(*times[:1], "batch", maintain_order=True)


def _rows(lake: Lake, table: str, accounts: Collection[str]) -> dict[str, list[Row]]:
    """The rows of each account; of sessions those of each month's newest derivation."""
    rows = stored(lake, table, accounts)
    if table == "sessions":
        rows = rows.filter(pl.col("batch") == pl.col("batch").max().over("account", "month"))
    parted = rows.partition_by("account", as_dict=True)
    return {str(account): part.to_dicts() for (account,), part in parted.items()}


def _about(of: Mapping[str, Sequence[Row]]) -> Row:
    rows = sorted(of["accounts"], key=lambda row: row["batch"])
    return {
        "now": _plain(rows[-1]) if rows else {},
        "earlier": [_plain(row) for row in rows[:-1]],
        "marks": [_plain(row) for row in of["marks"]],
        "identifiers": sum(row["type"] is None for row in of["identities"]),
        "requests": sorted({row["request"] for row in of["subjects"]}),
    }


def _conversations(chats: Sequence[Row], messages: Sequence[Row], themes: Sequence[Row]) -> list[Row]:
    """Conversations by when they began; one whose own row is gone still has its messages."""
    heads = {row["conversation"]: _plain(row) for row in chats}
    all_of_them = dict.fromkeys(row["conversation"] for row in (*chats, *messages, *themes))
    found: dict[int, Row] = {each: {**heads.get(each, {}), "themes": [], "messages": []} for each in all_of_them}
    for row in sorted(messages, key=lambda row: row["position"]):
        found[row["conversation"]]["messages"].append(_plain(row))
    for row in themes:
        found[row["conversation"]]["themes"].append(_plain(row, leave={*_TECHNICAL, "started_at"}))
    return list(found.values())


def _refused(lake: Lake, accounts: Collection[str]) -> dict[str, list[Row]]:
    """How many rows of each account were quarantined, by table and rule, where it is known whose they were."""
    files = [file for file in lake.root.glob("quarantine/*.parquet") if "account" in pl.read_parquet_schema(file)]
    if not files:
        return {}
    rows = pl.concat([pl.scan_parquet(file).select("account", "table", "rule") for file in files])
    counts = rows.filter(pl.col("account").is_in(list(accounts))).group_by("account", "table", "rule").len("rows")
    found: dict[str, list[Row]] = {}
    for row in counts.sort("table", "rule").collect().to_dicts():
        found.setdefault(row.pop("account"), []).append(row)
    return found


def _plain(row: Mapping[str, Any], leave: Collection[str] = _TECHNICAL) -> Row:
    """A row as JSON takes it, without what is not known."""
    return {name: _value(value) for name, value in row.items() if name not in leave and value is not None}


def _value(value: Any) -> Any:
    """Times are ISO 8601 in UTC."""
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return [_value(each) for each in cast("list[Any]", value)]
    if isinstance(value, dict):
        return _plain(cast("Row", value))
    return value
