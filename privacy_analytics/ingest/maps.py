"""A column map makes other people's exports fit: ``pa ingest EXPORT --map map.toml``.

assume_timezone = "UTC"                    # for times written without a zone
ignore = ["weblog*"]                       # files that are none of ours

[files]
"tickets.jsonl.zst" = "support"            # a file whose name does not say its table

[events]
drop = "rest"                              # or a list; what is neither declared nor dropped is refused
[events.rename]
user_id = "account_id"                     # theirs = ours
[events.constants]
os = "linux"
[events.fallback]
feature = "event"                          # ours, where it is missing = another column of ours
[events.where]
source = ["app"]                           # only rows with one of these values; the others are dropped and counted

[chats.messages]                           # the same inside the turns of a conversation
[chats.messages.fallback]
sent_at = "started_at"                     # a column of the conversation
"""

from __future__ import annotations

import difflib
import fnmatch
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from privacy_analytics.contracts import EXPORTS
from privacy_analytics.errors import SettingsError
from privacy_analytics.settings import Settings

TURN = ("role", "content", "sent_at", "channel", "voice_seconds")
"""What one turn of ``messages`` may hold."""
_STRINGS = ("rename", "constants", "fallback")
_TABLE_KEYS = (*_STRINGS, "drop", "where", "assume_timezone")


def _none() -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class TableMap:
    """How one table of an export becomes one of ours."""

    rename: Mapping[str, str] = field(default_factory=_none)
    """theirs -> ours"""
    constants: Mapping[str, str] = field(default_factory=_none)
    fallback: Mapping[str, str] = field(default_factory=_none)
    """ours, where it is missing -> another column of ours"""
    drop: tuple[str, ...] | None = ()
    """Their columns that are left out; None drops all that do not fit."""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=_none)
    assume_timezone: str | None = None
    messages: TableMap | None = None

    def ours(self, theirs: str, declared: Collection[str]) -> str | None:
        """Our name for one of their columns; None where it is dropped. Raises KeyError where it is undeclared."""
        if theirs in self.rename:
            return self.rename[theirs]
        if theirs in (self.drop or ()):
            return None
        if theirs in declared:
            sourced = theirs in self.constants or theirs in self.rename.values()
            return None if sourced else theirs
        if self.drop is None or theirs in self.where:
            return None
        raise KeyError(theirs)

    def supplies(self, ours: str, fitted: Iterable[str]) -> bool:
        """Whether a column of ours has a source: the file, a constant or a fallback."""
        return ours in fitted or ours in self.constants or ours in self.fallback


@dataclass(frozen=True)
class ColumnMap:
    """The map of a whole export; the empty one changes nothing."""

    files: Mapping[str, str] = field(default_factory=_none)
    ignore: tuple[str, ...] = ()
    tables: Mapping[str, TableMap] = field(default_factory=_none)
    assume_timezone: str | None = None

    def of(self, table: str) -> TableMap:
        """The map of one table."""
        return self.tables.get(table) or TableMap(assume_timezone=self.assume_timezone)

    def ignores(self, name: str) -> bool:
        return any(fnmatch.fnmatch(name, pattern) for pattern in self.ignore)


def load(file: Path, settings: Settings) -> ColumnMap:
    """Read a map for a workspace. Raises SettingsError for an unknown key or column, with what was probably meant."""
    try:
        raw: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError:
        raise SettingsError(f"{file.name} cannot be read. Name a column map, or write one with --draft-map.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file.name} is not valid TOML: {error}. Mend that line.") from None
    known = ("files", "ignore", "assume_timezone", *EXPORTS)
    _expect_known(raw, known, "", file.name)
    zone = _zone(raw.get("assume_timezone"), file.name)
    files: dict[str, str] = raw.get("files", {})
    for table in files.values():
        _expect_known([table], EXPORTS, "files: ", file.name)
    own = settings.columns
    tables = {
        name: _table(raw[name], name, [*columns, *own.get(name, {})], zone, file.name)
        for name, columns in EXPORTS.items()
        if name in raw
    }
    return ColumnMap(files, tuple(raw.get("ignore", [])), tables, zone)


def _table(raw: dict[str, Any], name: str, outer: list[str], zone: str | None, file: str) -> TableMap:
    nested = name.endswith(".messages")
    declared = TURN if nested else outer
    has_turns = not nested and "messages" in outer
    keys = _TABLE_KEYS[:4] if nested else (*_TABLE_KEYS, *(["messages"] if has_turns else []))
    _expect_known(raw, keys, f"{name}.", file)
    _expect_known(raw.get("constants", {}), declared, f"{name}.constants.", file)
    _expect_known(raw.get("fallback", {}), declared, f"{name}.fallback.", file)
    _expect_known(raw.get("rename", {}).values(), declared, f"{name}.rename: ", file)
    _expect_known(raw.get("fallback", {}).values(), outer, f"{name}.fallback: ", file)
    targets = [*raw.get("rename", {}).values(), *raw.get("constants", {})]
    if len(set(targets)) < len(targets):
        raise SettingsError(
            f"{file} gives one column of {name} two sources. Keep one; [{name}.fallback] can name the other."
        )
    drop = raw.get("drop", [])
    if drop != "rest" and not isinstance(drop, list):
        raise SettingsError(f'{name}.drop in {file} is neither "rest" nor a list of columns. Write one of them.')
    own_zone = _zone(raw.get("assume_timezone"), file) or zone
    return TableMap(
        rename=raw.get("rename", {}),
        constants={column: _plain(value) for column, value in raw.get("constants", {}).items()},
        fallback=raw.get("fallback", {}),
        drop=None if drop == "rest" else tuple(drop),
        where={column: tuple(map(_plain, values)) for column, values in raw.get("where", {}).items()},
        assume_timezone=own_zone,
        messages=_table(raw.get("messages", {}), f"{name}.messages", outer, own_zone, file) if has_turns else None,
    )


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _expect_known(found: Iterable[str], known: Collection[str], where: str, file: str) -> None:
    for key in found:
        if key not in known:
            close = difflib.get_close_matches(key, list(known), n=1)
            meant = f" Did you mean {close[0]}?" if close else f" Known: {', '.join(known)}."
            raise SettingsError(f"{file} has an unknown key {where}{key}.{meant}")


def _zone(name: str | None, file: str) -> str | None:
    if name is None:
        return None
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError):
        raise SettingsError(
            f"assume_timezone in {file} is not an IANA time zone. Write one such as UTC or Europe/Berlin."
        ) from None
