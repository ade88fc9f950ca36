"""What is claimed of each kind of question, and what disjoint replicates measure.

One run of the real pipeline (a lake, ``LakeEngine``, ``answering.answer``) over N pairs in cells and accounts of their
own is N replicates with and N without a heavy account. The distinguisher is as strong as theory allows: it reads the
noised vector itself, of which what is published is a function, and knows the exact vectors of both sides, so that it
looks in the one direction that tells them apart. What is compared with the bound is the charge, not what the code made
of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from bounds import at_least, lost, mu, odds, on_integers
from measuring import Measured, Noised, bounded_by, noised, rho, tapped, told_apart
from people import MONTH, WILD, add, engine, features, lake, pairs

from privacy_analytics.dp import mechanisms, ranks, selection
from privacy_analytics.dp.answering import SELECTION, Sums
from privacy_analytics.dp.charge import Charge
from privacy_analytics.dp.questions import (
    Bounded,
    CountAccounts,
    CountRows,
    Histogram,
    Key,
    Mean,
    Quantiles,
    Retention,
    Sum,
    TopKeys,
    Value,
)

N = 10_000
CELLS, KEPT = 6, 4
"""Cells that a heavy account has rows in, and those it may count in."""
NUMBER = Value("duration_ms", 0, 60_000, 1)
EDGES = (30_000,)


def in_cells(bounded: Bounded, rows: int, loss: float = 2.0, *, share: float = 1) -> list[Measured]:
    """A question by ``features``, whose vector has one number or more for each cell and a share of the charge."""
    last = bounded.groups[-1][0].split("-")
    replicates, cells = int(last[1]) + 1, int(last[2]) + 1
    with lake() as made:
        add(made, "b0", MONTH, events=pairs(replicates, cells, rows))
        (vector,) = noised(bounded, Charge(math.ceil(rho(loss) / share)), engine(made, [MONTH]))
    size = len(bounded.cells)
    parts = 2 if bounded.counted else 1  # a mean's accounts come after its totals
    blocks = [
        np.concatenate(
            [each[part * size : (part + 1) * size].reshape(2, replicates, -1) for part in range(parts)], axis=2
        )
        for each in (vector.exact, vector.noised)
    ]
    (exact, drawn), claimed = blocks, on_integers(loss, vector.scale)
    return [told_apart((exact[0], exact[1]), (drawn[0], drawn[1]), claimed, what="mu of the cells")]


def count_accounts() -> list[Measured]:
    return in_cells(bounded_by(CountAccounts("events", by="feature"), (features(N, CELLS),), KEPT), 1)


def count_everybody() -> list[Measured]:
    return drawn_again(bounded_by(CountAccounts("events"), (), 1), 1.0)


def count_rows() -> list[Measured]:
    return in_cells(bounded_by(CountRows("events", by="feature"), (features(N, CELLS),), KEPT, 3), 9)


def count_clipped() -> list[Measured]:
    return drawn_again(bounded_by(CountRows("events", by="feature"), (features(1, CELLS),), KEPT, 3), 2.0)


def total() -> list[Measured]:
    value = replace(NUMBER, total=(0, 100_000))
    question = Sum("events", "duration_ms", by="feature")
    return in_cells(bounded_by(question, (features(N, CELLS),), KEPT, 100_000, value=value), 4)


def mean() -> list[Measured]:
    question = Mean("events", "duration_ms", by="feature")
    return in_cells(bounded_by(question, (features(N, CELLS),), KEPT, 30_000, value=NUMBER), 4)


def histogram() -> list[Measured]:
    question = Histogram("events", "duration_ms", EDGES, by="feature")
    return in_cells(bounded_by(question, (features(N, CELLS),), KEPT, value=NUMBER, places=EDGES), 2)


class Once:
    """An engine that adds up once: its sums are a function of rows and salt, only noise differs between draws."""

    def __init__(self, source: Any, bounded: Bounded) -> None:
        self._sums: Sums = source.sums(bounded)

    def sums(self, _: Bounded) -> Sums:
        return self._sums


def drawn_again(bounded: Bounded, loss: float, draws: int = 5_000) -> list[Measured]:
    """The whole vector, drawn many times with and without one account: also of numbers that all accounts share.

    Where accounts can meet a bound, the last number counts those that did.
    """
    events = pairs(1, CELLS, 9)
    exact, drawn = [], []
    with lake() as made:
        add(made, "b0", MONTH, events=events.filter(pl.col("account") != "heavy 0"))
        add(made, "b1", MONTH, events=events.filter(pl.col("account") == "heavy 0"))
        for batches in (("b0", "b1"), ("b0",)):
            source = Once(engine(made, [MONTH], batches), bounded)
            seen = [noised(bounded, Charge(rho(loss)), source)[0] for _ in range(draws)]
            exact.append(np.array([each.exact for each in seen]))
            drawn.append(np.array([each.noised for each in seen]))
            scale = seen[0].scale
    what = "mu of everything drawn" if bounded.clipped else "mu without by"
    return [told_apart((exact[0], exact[1]), (drawn[0], drawn[1]), on_integers(loss, scale), what=what)]


def retention() -> list[Measured]:
    """The account's first month is taken away. Its week is then another one: half of the accounts show that."""
    loss, came = 2.0, [date(1960, 1, 4) + timedelta(days) for days in range(2 * N)]
    names = [f"account {at}" for at in range(2 * N)]
    weeks = pl.DataFrame({"account": names, "came": came})
    first = weeks.head(N).select("account", day="came")
    later = weeks.select("account", day=pl.col("came") + timedelta(7))
    with lake() as made:
        accounts = weeks.select(
            "account", created_at=pl.col("came").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        )
        add(made, "b0", "all", accounts=accounts)
        add(made, "b1", "2026-09", events=pl.concat([first] * 20))
        add(made, "b2", MONTH, events=pl.concat([later] * 5))
        cohort = Key("cohort", tuple((str(day), str(day)) for day in came))
        keys = cohort, Key("week", (("0", "0"), ("1", "1")))
        bounded = bounded_by(Retention(), keys, 1, months=("2026-09", MONTH))
        (vector,) = noised(bounded, Charge(rho(loss)), engine(made, bounded.months))
    exact, drawn = (each[: 4 * N].reshape(2, N, 2) for each in (vector.exact, vector.noised))
    claimed = on_integers(loss, vector.scale)
    return [told_apart((exact[0], exact[1]), (drawn[0], drawn[1]), claimed, what="mu of a month")]


def quantiles(replicates: int = 4_000, cells: int = 2) -> list[Measured]:
    """Picks from 121 candidates. The light accounts of a group stand so that the heavy one, far below all bounds, tips
    the value and both ends: each asks for a rank within one account, with as many candidates on either side of it.
    """
    nano_rho, candidates = rho(math.sqrt(1 / (1 - ranks.COUNT) / ranks.END)), tuple(range(0, 60_001, 500))
    shift = ranks.picks_for([0.5], candidates=len(candidates), per_account=1, nano_rho=nano_rho).shifts[0]
    between = shift // 2 - 1
    tipped = {"value": 60, "low end": 20, "high end": 100}
    light = [500.0 * at for at in (20, *[40] * between, 60, *[80] * between, 100)]
    key = features(replicates, cells)
    rows = [(f"light {group} {number}", group, value) for group in key.keys for number, value in enumerate(light)]
    heavy = [(f"heavy {group.split('-')[1]}", group) for group in key.keys if group.startswith("with-")]
    rows += [(account, group, -value) for account, group in heavy for value in WILD]
    events = pl.DataFrame(rows, schema=["account", "feature", "duration_ms"], orient="row")
    question = Quantiles("events", "duration_ms", [0.5], by="feature")
    bounded = bounded_by(question, (key,), 1, value=NUMBER, places=candidates)
    with lake() as made, tapped(ranks, "_chosen") as chosen:
        add(made, "b0", MONTH, events=events.with_columns(day=date(2026, 10, 5)))
        (count,) = noised(bounded, Charge(nano_rho), engine(made, [MONTH]))
    there, without = count.exact.reshape(2, replicates, cells)
    measured: list[Measured] = []
    for (_, _, picked), (name, at) in zip(chosen, tipped.items(), strict=True):
        low = (picked.reshape(2, replicates, cells) < at) & (there > without)
        having, lacking = low.sum(axis=2).astype(float)
        share = ranks.VALUE if name == "value" else ranks.END
        claimed = math.sqrt(8 * (1 - ranks.COUNT) * share * nano_rho / mechanisms.NANO)
        measured.append(Measured(f"eps of the {name}", claimed, lost(having, lacking, odds), replicates))
    return measured


def quantile_counts(replicates: int = 2_500, cells: int = 2) -> list[Measured]:
    question = Quantiles("events", "duration_ms", [0.5], by="feature")
    bounded = bounded_by(question, (features(replicates, cells),), 1, value=NUMBER, places=(0, 60_000))
    return in_cells(bounded, 2, 1.0, share=float(ranks.COUNT))


def thresholds() -> list[Measured]:
    """How often anything is found that one account alone wrote: never without it, so delta bounds it.

    Half of the accounts wrote one word, which is what costs most; the others five, of which two may count.
    """
    delta, wrote = 0.02, {"one": 1, "five": 5}
    texts = [
        (f"{name} {at}", f"{name}x{at}x{word}") for name, n in wrote.items() for at in range(N) for word in range(n)
    ]
    found, _ = phrases(texts, 2, Charge(rho(2.0), int(delta * 1e15)))
    shown = {tuple(word.split("x")[:2]) for word in found}
    rates = {name: at_least(sum(each == name for each, _ in shown), N) for name in wrote}
    return [
        Measured("delta of a key of one account", delta, rates["one"], N),
        Measured("delta of many such keys", delta, rates["five"], N, visible=0.2),
    ]


def selection_of_keys() -> list[Measured]:
    """Whether a word is found that stands just below the last round's threshold without the heavy account."""
    charge = Charge(rho(2.0), 10**9)
    finding = int(SELECTION * charge.nano_rho)
    last = selection.rounds_for(1, finding, charge.delta)[-1]
    light = round(last.threshold / selection.WEIGHT - 0.5)
    texts = [(f"light {word} {at}", word) for word in words(1) for at in range(light)]
    found, _ = phrases(texts + [(f"heavy {word}", word) for word in words(1)[:N]], 1, charge)
    having, lacking = np.array([word in found for word in words(1)], float).reshape(2, N)
    claimed = math.sqrt(2 * finding / mechanisms.NANO)
    return [Measured("mu of what is found", claimed, lost(having, lacking, mu), N)]


def phrase_counts(light: int = 10) -> list[Measured]:
    """Words that are all found; what is measured is their counts, with and without one account more."""
    loss, known = 1.0, words(3)[: 3 * N]  # half of the words with it, half without
    texts = [(f"light {word} {at}", word) for word in known for at in range(light)]
    texts += [(f"heavy {word.split('x')[1]}", word) for word in known[: len(known) // 2]]
    found, counts = phrases(texts, 2, Charge(math.ceil(rho(loss) / (1 - SELECTION)), 10**9))
    at = {word: place for place, word in enumerate(found)}
    exact, drawn = (each[[at[word] for word in known]].reshape(2, -1, 3) for each in (counts.exact, counts.noised))
    claimed = on_integers(loss, counts.scale)
    return [told_apart((exact[0], exact[1]), (drawn[0], drawn[1]), claimed, what="mu of the phrases' counts")]


def words(each: int) -> list[str]:
    """So many words a replicate, those with the heavy account first."""
    return [f"w{side}x{at}x{word}" for side in (0, 1) for at in range(N) for word in range(each)]


def phrases(texts: list[tuple[str, str]], per_account: int, charge: Charge) -> tuple[list[str], Noised]:
    """All that is found, also what is too rare to be shown, and its counts in that order."""
    said = pl.DataFrame(texts, schema=["account", "content"], orient="row").with_columns(day=date(2026, 10, 5))
    bounded = bounded_by(TopKeys("messages", "content", top=len(texts)), (), per_account)
    with lake() as made, tapped(selection, "discover") as calls:
        add(made, "b0", MONTH, messages=said)
        (counts,) = noised(bounded, charge, engine(made, [MONTH]))
    return list(calls[0][2]), counts


CLAIMS: dict[str, tuple[Callable[[], list[Measured]], ...]] = {
    Quantiles.kind: (quantiles, quantile_counts),
    TopKeys.kind: (phrase_counts, thresholds, selection_of_keys),
    CountRows.kind: (count_rows, count_clipped),
    CountAccounts.kind: (count_accounts, count_everybody),
    Sum.kind: (total,),
    Mean.kind: (mean,),
    Histogram.kind: (histogram,),
    Retention.kind: (retention,),
}
"""By the kind of question; the longest first."""
