"""What is to be corrected, checked against the contract before anything is touched; no value is ever repeated.

{"accounts": {"country": "DE", "email": "…", "username": "…", "name": null},
 "rows": [{"table": "events", "id": "e-1", "set": {"feature": "mix_assist"}}]}
"""

from __future__ import annotations

import difflib
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, cast

from privacy_analytics.contracts import Column, Table, tables
from privacy_analytics.errors import UsageError
from privacy_analytics.ingest.check import check
from privacy_analytics.ingest.jsonl import Reader
from privacy_analytics.ingest.maps import TableMap
from privacy_analytics.keys import OTHER, as_key
from privacy_analytics.settings import Settings

FORM = (
    'Changes are {"accounts": {"country": "DE"}, "rows": [{"table": "events", "id": …, "set": {"feature": …}}]}, '
    "either of them or both."
)
IDENTITY = ("email", "username", "name")
_FIXED = ("account", "id", "messages")
"""Kinds of columns that cannot be corrected: whose row it is, which one, and what was said."""


@dataclass(frozen=True)
class RowChange:
    """New values of some columns of one row."""

    table: str
    id: str
    """As the product's export has it; in memory alone."""
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Changes:
    """New values as the lake stores them, before texts are scrubbed."""

    account: Mapping[str, Any]
    """Of columns of the newest row in ``accounts``."""
    identity: tuple[str | None, str | None, str | None] | None
    """E-mail, user name and name as they are now; None where they stay."""
    rows: tuple[RowChange, ...]

    def columns(self) -> dict[str, list[str]]:
        """Which columns are changed, by table."""
        found: dict[str, set[str]] = {}
        if self.account or self.identity:
            found["accounts"] = {*self.account, *(IDENTITY if self.identity else ())}
        for row in self.rows:
            found.setdefault(row.table, set()).update(row.values)
        return {table: sorted(names) for table, names in found.items()}


def checked(settings: Settings, raw: Mapping[str, Any]) -> Changes:
    """Changes that keep the contract. Raises UsageError, naming table, column and rule, for any that do not."""
    if not raw or set(raw) - {"accounts", "rows"}:
        raise UsageError(f"It is not said what to correct. {FORM}")
    contract = tables(settings)
    of_account, rows = raw.get("accounts", {}), raw.get("rows", [])
    if not isinstance(of_account, dict) or not isinstance(rows, list):
        raise UsageError(f"The changes cannot be read. {FORM}")
    values = _values(contract["accounts"], cast("dict[str, Any]", of_account)) if of_account else {}
    given = [name for name in IDENTITY if name in values]
    if given and len(given) < len(IDENTITY):
        raise UsageError(
            "Of e-mail, user name and name only keyed hashes are kept, and nothing tells which is whose. Give all "
            f"three as they are now, null for none: {', '.join(IDENTITY)}."
        )
    return Changes(
        {name: value for name, value in values.items() if name not in IDENTITY},
        (values["email"], values["username"], values["name"]) if given else None,
        tuple(_row(contract, row) for row in cast("list[Any]", rows)),
    )


def fingerprint(settings: Settings, raw: Mapping[str, Any]) -> str:
    """64 hex digits by which the same changes are known again: HMAC-SHA256 under the workspace's first key."""
    text = json.dumps(raw, sort_keys=True, ensure_ascii=False)
    return hmac.digest(settings.secret_keys()[0], b"changes\0" + text.encode(), hashlib.sha256).hex()


def _row(contract: Mapping[str, Table], raw: Any) -> RowChange:
    if not isinstance(raw, dict) or set(cast("dict[str, Any]", raw)) != {"table", "id", "set"}:
        raise UsageError(f"A row to correct has a table, an id and what to set. {FORM}")
    row = cast("dict[str, Any]", raw)
    with_ids = [name for name, table in contract.items() if table.id]
    if row["table"] not in with_ids:
        raise UsageError(f"Rows of no such table can be named. {_meant(row['table'], with_ids)}")
    if not isinstance(row["id"], str) or not row["id"] or not isinstance(row["set"], dict) or not row["set"]:
        raise UsageError(f"A row to correct is named by its id, a text, and something is set. {FORM}")
    table = contract[row["table"]]
    return RowChange(table.name, row["id"], _values(table, cast("dict[str, Any]", row["set"])))


def _values(table: Table, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The values as an intake would read them from an export."""
    free = [name for name, column in table.export.items() if column.kind not in _FIXED]
    if table.name == "chats":  # its messages and themes are cut by that time
        free.remove(table.time)
    for name in raw:
        if name not in free:
            raise UsageError(f"{table.name} has no such column that can be corrected. {_meant(name, free)}")
    columns = {name: table.export[name] for name in ("account_id", *raw)}
    reader = Reader(columns, TableMap())
    line = json.dumps({**raw, "account_id": "somebody"}).encode()
    sorted_out = check(reader.frame([reader.row(1, line)]), columns, TableMap())
    for rule in sorted_out.bad["#rule"]:
        raise UsageError(f"{table.name}: a value breaks the rule {rule} of the contract. Nothing was changed.")
    values = sorted_out.good.with_columns(as_key(n, table.columns[n].values) for n in raw if columns[n].kind == "key")
    found = {name: value for name, value in values.row(0, named=True).items() if name in raw}
    for name, value in found.items():
        _expect_public(table.name, name, columns[name], raw[name], value)
    return found


def _expect_public(table: str, name: str, column: Column, given: Any, value: Any) -> None:
    """Beyond its list or bounds, an export's value becomes ``other`` or is clamped later; a correction is refused."""
    if column.kind == "key":
        if value != OTHER or str(given).strip().casefold() == OTHER:
            return
        raise UsageError(f"{table}.{name}: that is not on the public list {column.keys}. Write one of its keys.")
    if column.bounds and value is not None and not column.bounds[0] <= value <= column.bounds[1]:
        low, high = column.bounds
        raise UsageError(f"{table}.{name}: that is out of its bounds, {low} to {high}.")


def _meant(name: Any, known: Collection[str]) -> str:
    close = difflib.get_close_matches(str(name), list(known), n=1)
    return f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."
