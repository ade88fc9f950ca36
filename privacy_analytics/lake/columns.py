"""What each table of the lake stores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from privacy_analytics import settings
from privacy_analytics.contracts import Column, tables

ALWAYS = "all"
"""The month of rows that belong to none: accounts, identities, marks."""
_TYPES = {
    "time": pl.Datetime("us", "UTC"),
    "key": pl.String(),
    "number": pl.Float64(),
    "flag": pl.Boolean(),
    "text": pl.String(),
}
_TURN = pl.Struct(
    {
        "role": pl.String(),
        "content": pl.String(),
        "sent_at": _TYPES["time"],
        "channel": pl.String(),
        "voice_seconds": pl.Float64(),
    }
)
_OWN: dict[str, dict[str, Any]] = {
    "accounts": {},
    "chats": {
        "conversation": pl.Int64(),
        "messages": pl.Int64(),
        "prompts": pl.Int64(),
    },
    "messages": {"conversation": pl.Int64(), "position": pl.Int64()},
    "events": {"session": pl.Int64()},
    "projects": {},
    "performance": {},
    "crashes": {},
    "support": {"ticket": pl.Int64(), "messages": pl.List(_TURN)},
    "sessions": {"session": pl.Int64()},
    "themes": {"conversation": pl.Int64()},
}
"""Columns beyond the contract's (salted hashes of ids, counts, the scrubbed turns of a ticket), or of another type."""
IDENTITIES = pl.Schema({"account": pl.String(), "hash": pl.String(), "type": pl.String(), "words": pl.Int64()})
"""Keyed hashes of an account's e-mail, user name and name: to find it by (``type`` null), to scrub its texts of."""


HELD = pl.Schema({"account": pl.String()})
"""Accounts that an export did not attest to be of age: none of their rows is read, whenever they came (policy §2)."""
MARKS = pl.Schema({"account": pl.String(), "mark": pl.String(), "is_set": pl.Boolean(), "at": _TYPES["time"]})
"""What the officer, or the account's own words, set on it or took off again; the newest row of a mark holds."""
SUBJECTS = pl.Schema({"account": pl.String(), "request": pl.String(), "salt": pl.String()})
"""Whom a request is about: without this row, nothing tells whose request it was. ``salt`` is of its commitment."""


def schemas(workspace: settings.Settings) -> dict[str, pl.Schema]:
    """What each table of this workspace's lake stores, without the partition columns.

    ``policy`` is the version of the privacy policy that a row was collected under; null means the first one.
    """
    head = {"account": pl.String(), "account_hash": pl.Int64(), "row_id": pl.Int64()}
    tail = {"day": pl.Date(), "policy": pl.String()}

    def stored(columns: Mapping[str, Column], own: Mapping[str, Any]) -> dict[str, Any]:
        kept = {name: _TYPES[column.kind] for name, column in columns.items() if not column.joined}
        return {**own, **kept, **own}

    named = {
        name: pl.Schema({**head, **stored(table.columns, _OWN[name]), **tail})
        for name, table in tables(workspace).items()
    }
    return {**named, "identities": IDENTITIES, "held": HELD, "marks": MARKS, "subjects": SUBJECTS}
