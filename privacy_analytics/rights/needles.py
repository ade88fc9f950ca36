"""What must be nowhere after an erasure: gathered from the lake before its rows go, and kept in memory alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from privacy_analytics.contracts import tables
from privacy_analytics.dp.questions.kinds import MOST_WORDS
from privacy_analytics.lake import Lake
from privacy_analytics.settings import Settings
from privacy_analytics.shipped import shipped
from privacy_analytics.witness import find

_END = re.compile(r"(?<=[.!?])\s+|\n+")
_PLACEHOLDER = re.compile(r"<[A-Z_]+(?:_\d+)?>")
_AROUND = " \t\r\n.,:;!?…*_>#\"'“”‘’()[]-"
"""What may stand around the same sentence elsewhere, or not."""
_LETTERS, _NAME = 24, 8
"""Characters of the shortest sentence, and of the shortest name, that says whose it is."""
_DIFFERENT = 8
"""Different letters and digits of a sentence: a ruled line has none."""
_WORDS = MOST_WORDS + 1
"""Words of the shortest sentence, unless it is twice as long: a phrase of fewer may be a release, which is nobody's."""


@dataclass(frozen=True)
class Needles:
    """Texts that tell of some accounts."""

    pseudonyms: tuple[str, ...]
    hashes: tuple[str, ...]
    """Keyed hashes of their identifiers that no other account shares."""
    texts: tuple[str, ...]
    """Names as they were typed in, and sentences that were said."""

    @property
    def all(self) -> tuple[str, ...]:
        return (*self.pseudonyms, *self.hashes, *self.texts)


def gather(settings: Settings, lake: Lake, accounts: Iterable[str], names: Iterable[str]) -> Needles:
    """Everything to look for that the lake still holds of some accounts (pseudonyms), and what was typed in of them.

    A name without a digit or @, such as the user "producer", is an ordinary word and would be found everywhere; its
    keyed hash is looked for all the same. Sentences of the shipped notebooks are nobody's.
    """
    wanted = tuple(sorted(set(accounts)))
    typed = {name.strip() for name in names} - {settings.contact_email}
    said = {sentence for text in _texts(settings, lake, wanted) for sentence in sentences(text)}
    texts = sorted({name for name in typed if _telling(name)} | said)
    ours = {hit.needle for hit in find(shipped("notebooks"), texts)} if texts else set[int]()
    return Needles(wanted, _hashes(lake, wanted), tuple(text for n, text in enumerate(texts) if n not in ours))


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text that are long enough to tell who said them; else the text, if it is."""
    found = [part for each in _END.split(text) if _said(part := each.strip(_AROUND))]
    return found or ([whole] if _said(whole := text.strip(_AROUND)) else [])


def _said(text: str) -> bool:
    own = _PLACEHOLDER.sub("", text)
    long = len(own) >= 2 * _LETTERS or (len(own) >= _LETTERS and len(own.split()) >= _WORDS)
    return long and len(set(filter(str.isalnum, own.casefold()))) >= _DIFFERENT


def _telling(name: str) -> bool:
    return len(name) >= _NAME and re.search(r"[\d@]", name) is not None


def _texts(settings: Settings, lake: Lake, accounts: Iterable[str]) -> Iterator[str]:
    theirs = pl.col("account").is_in(list(accounts))
    for name, table in tables(settings).items():
        schema = lake.schemas[name]
        columns = [pl.col(each) for each in schema if each in table.columns and table.columns[each].kind == "text"]
        if isinstance(schema.get("messages"), pl.List):
            columns.append(pl.col("messages").list.eval(pl.element().struct.field("content")))
        files = [file for _, _, file in lake.live(name)]
        if columns and files:
            rows = scan(files, schema).filter(theirs).select(columns).collect()
            for column in rows.get_columns():
                yield from (column.explode() if column.dtype == pl.List else column).drop_nulls().unique()


def _hashes(lake: Lake, accounts: tuple[str, ...]) -> tuple[str, ...]:
    files = [file for _, _, file in lake.live("identities")]
    if not files:
        return ()
    rows = scan(files, lake.schemas["identities"]).select("account", "hash").unique()
    theirs, others = (rows.filter(is_theirs) for is_theirs in _theirs(accounts))
    return tuple(sorted(theirs.join(others, on="hash", how="anti").select("hash").unique().collect()["hash"]))


def _theirs(accounts: tuple[str, ...]) -> tuple[pl.Expr, pl.Expr]:
    inside = pl.col("account").is_in(list(accounts))
    return inside, ~inside


def scan(files: Iterable[Path], schema: pl.Schema) -> pl.LazyFrame:
    """Rows of some files of a table, also of those written before it had all of its columns."""
    return pl.scan_parquet(list(files), schema=schema, missing_columns="insert", hive_partitioning=False)
