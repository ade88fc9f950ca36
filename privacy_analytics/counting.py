"""Rows of snapshots -> the bounded sums of a question. The only place where a question meets rows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, cast

import narwhals as nw
import numpy as np
import polars as pl

from privacy_analytics import phrases
from privacy_analytics.collected import InMemory
from privacy_analytics.dp import local
from privacy_analytics.dp.answering import Sums
from privacy_analytics.dp.questions import Bounded, Histogram, Quantiles, Retention, TopKeys
from privacy_analytics.lake import ALWAYS
from privacy_analytics.prepared import Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from privacy_analytics.contracts import Table
    from privacy_analytics.lake import Lake
    from privacy_analytics.snapshots import Snapshot

SPAN_ROWS = 2**20
"""About so many rows are in memory at once."""
SPAN_TEXTS = 2**17
"""The same for texts: a row of them has many words."""
OPERATOR = logging.getLogger("privacy_analytics.operator")
"""For the operator alone: it never reaches the standard error of an analyst's kernel."""
OPERATOR.propagate = False
OPERATOR.addHandler(logging.NullHandler())


@contextmanager
def told_to(file: Path) -> Generator[None]:
    """What the operator is told inside goes to this file."""
    handler = logging.FileHandler(file, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    OPERATOR.addHandler(handler)
    try:
        yield
    finally:
        OPERATOR.removeHandler(handler)
        handler.close()


class LakeEngine:
    """Answers what a question asks of rows, every account bounded; what the last check drops the operator is told.

    Parameters
    ----------
    snapshots : of the months that the question reads, oldest first
    salt : decides which cells stay of an account that has too many
    zone : in which hours and days are cut
    """

    def __init__(
        self, lake: Lake, tables: Mapping[str, Table], snapshots: Sequence[Snapshot], salt: bytes, zone: str
    ) -> None:
        self._lake, self._tables, self._snapshots = lake, tables, snapshots
        self._salt, self._zone = salt, zone
        self._prepared = Prepared(InMemory(lake), tables, snapshots, zone)
        self._spans_of_texts = cache(self._spans)
        self._phrases = lru_cache(maxsize=1)(LakeEngine._said)

    def sums(self, bounded: Bounded) -> Sums:
        """Over all accounts: one row of numbers a group, in their order; one number in it, or one a place."""
        size, width = len(bounded.groups), bins(bounded)
        n, accounts = np.zeros(size * width, np.int64), np.zeros(size * width, np.int64)
        met = dropped = 0
        steps = np.array(edges(bounded), np.int64)
        for block in self._blocks(bounded):
            each = local.contributions(block, bounded, self._salt)
            fits = local.within(each, bounded)
            if not fits.all():
                dropped += len(np.unique(each.account[~fits]))
                each = each.only(fits)
            at = each.cell * width
            if each.place is not None:
                at += np.searchsorted(steps, each.place, side="right")
            np.add.at(n, at, each.n)
            accounts += np.bincount(at, minlength=len(accounts))
            met += int(np.count_nonzero(each.beyond))
        told_of_dropped(dropped)
        return Sums(n.reshape(size, width), accounts.reshape(size, width), met if bounded.clipped else 0)

    def weights(self, bounded: Bounded, found: frozenset[str]) -> Mapping[str, int]:
        """Summed integer weights of the phrases that are not found yet."""
        summed = Counter[str]()
        for said in self._spoken(bounded):
            summed.update(phrases.weights(said, found, bounded.per_account, self._salt))
        return summed

    def counts(self, bounded: Bounded, keys: Sequence[str]) -> NDArray[np.int64]:
        """How many accounts have each of these phrases."""
        counted = np.zeros(len(keys), np.int64)
        for said in self._spoken(bounded):
            counted += np.array(phrases.counts(said, keys, bounded.per_account, self._salt), np.int64)
        return counted

    def _blocks(self, bounded: Bounded) -> Iterator[local.Rows]:
        """All rows, a span of accounts after the other: every step reads one account at a time."""
        for part in self._spans(bounded, SPAN_ROWS):
            yield from local.blocks(part._together(bounded))

    def _spoken(self, bounded: Bounded) -> Iterator[pl.DataFrame]:
        """The phrases of all accounts, a span of them after the other. The last span's are kept: of a month with one
        span, which is nearly every month, phrases are spelled out once.
        """
        for part in self._spans_of_texts(bounded, SPAN_TEXTS):
            yield self._phrases(part, bounded)

    def _spans(self, bounded: Bounded, most: int) -> list[LakeEngine]:
        """This engine over one span of accounts after the other, each of about so many rows."""
        about = self._tables, self._snapshots, self._salt, self._zone
        return [LakeEngine(lake, *about) for lake in in_spans(self._lake, bounded, self._snapshots, most)]

    def _together(self, bounded: Bounded) -> local.Rows:
        """The rows that a question counts, account by account: so a batch holds them; several are put together."""
        table = _runs(self.rows(bounded))
        names, starts = table["begins"].drop_nulls(), table["begins"].is_not_null().arg_true().to_numpy()
        lengths = np.diff(starts.astype(np.int64), append=table.height)
        order: slice | NDArray[np.int64] = slice(None)
        if not names.is_unique().all():
            code = names.cast(pl.Categorical(pl.Categories.random())).to_physical().to_numpy()
            runs = np.argsort(code, kind="stable")
            starts, lengths = starts[runs], lengths[runs]
            order = np.repeat(starts - np.cumsum(lengths) + lengths, lengths) + np.arange(table.height)
            first = np.flatnonzero(np.diff(code[runs].astype(np.int64), prepend=-1))
            names, starts, lengths = names.gather(runs[first]), starts[first], np.add.reduceat(lengths, first)
        accounts = pl.LazyFrame({"account": names}).with_row_index()
        if not isinstance(bounded.question, Retention):
            accounts = self._prepared.population(nw.from_native(accounts), bounded).to_native()
        counts = np.zeros(len(starts), bool)
        counts[accounts.select("index").collect().to_series().to_numpy()] = True
        return local.Rows(
            lengths=lengths,
            account_hash=table["account_hash"].gather(starts).to_numpy(),
            counts=counts,
            cell=table["cell"].to_numpy()[order],
            number=table["number"].to_numpy()[order] if bounded.value else None,
        )

    def rows(self, bounded: Bounded) -> pl.LazyFrame:
        """Account, hash, cell and ``number`` of each row; see ``Prepared.rows``."""
        return self._prepared.rows(bounded).to_native()

    def _said(self, bounded: Bounded) -> pl.DataFrame:
        question = cast("TopKeys", bounded.question)
        return phrases.of(self._prepared.texts(bounded).to_native(), question.words)


def in_spans(lake: Lake, bounded: Bounded, snapshots: Sequence[Snapshot], most: int) -> Iterator[Lake]:
    """The lake in spans of accounts in which a question reads about so many rows."""
    months = [snapshot.month for snapshot in snapshots]
    rows = max(lake.rows(bounded.question.table, [*months, ALWAYS]), lake.rows("accounts", [ALWAYS]))
    return lake.in_spans(-(-rows // most) or 1)


def _runs(rows: pl.LazyFrame) -> pl.DataFrame:
    """The rows with ``begins`` instead of ``account``: its name where another one begins, else null."""
    account = pl.col("account")
    begins = pl.when(account.ne_missing(account.shift(1))).then(account).alias("begins")
    return rows.select(begins, pl.exclude("account")).collect(engine="streaming")


def bins(bounded: Bounded) -> int:
    """How many places a group has."""
    more = isinstance(bounded.question, Histogram)
    return len(bounded.places) + more if bounded.places else 1


def edges(bounded: Bounded) -> Sequence[int]:
    """From which value on a number lies in each place but the first: of two equally near candidates the upper one."""
    if isinstance(bounded.question, Quantiles):
        return [(low + high + 1) // 2 for low, high in pairwise(bounded.places)]
    return bounded.places


def told_of_dropped(accounts: int) -> None:
    """The operator learns how many accounts the last check dropped from one question; nobody else does."""
    if accounts:
        OPERATOR.error("bounding dropped %d account(s) of one question; this is a fault, report it", accounts)
