"""Scrubbed texts as phrases of so many words, and their weights for a private selection.

No dictionary of any data: whether an account keeps a phrase depends on that account, the phrase and a salt alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cache

import polars as pl

from privacy_analytics.dp.selection import weight
from privacy_analytics.shipped import shipped

_PLACEHOLDER = r"<[A-Z_]{2,24}(?:_[0-9]{1,4})?>"
_BREAK = r"[^\p{L}\p{N}'’+#&\s-]+"
"""Where a phrase ends: at a sign of punctuation or a placeholder."""
_LONGEST = 40
"""Characters of a word; a longer one is no word that many people say."""


def of(rows: pl.LazyFrame, words: int) -> pl.DataFrame:
    """The different phrases of each account: ``account``, ``account_hash``, ``phrase``.

    Parameters
    ----------
    rows : ``account``, ``account_hash``, ``text``; scrubbed
    words : of a phrase; it does not reach over punctuation, a placeholder or the end of a text, and neither begins
        nor ends with a function word, of a public list
    """
    plain = pl.col("text").str.replace_all(_PLACEHOLDER, "\n").str.to_lowercase().str.replace_all(_BREAK, "\n")
    word = pl.col("said").str.split(" ").list.eval(pl.element().str.strip_chars("'’&-"))
    said = (
        rows.select("account", "account_hash", said=plain.str.replace_all(r"[ \t\r]+", " ").str.split("\n"))
        .explode("said")
        .select("account", "account_hash", word=pl.concat_list(word, pl.lit(None, pl.String)))
        .explode("word")
        .with_columns(word=pl.when(pl.col("word").str.len_chars().is_between(1, _LONGEST)).then("word"))
    )
    following = [pl.col("word").shift(-ahead) for ahead in range(words)]
    return (
        said.with_columns(phrase=pl.concat_str(following, separator=" "))
        .filter(
            pl.col("phrase").is_not_null(), ~pl.any_horizontal(_empty(end) for end in (following[0], following[-1]))
        )
        .group_by("account", "phrase")
        .agg(pl.col("account_hash").min())
        .collect()
    )


def weights(said: pl.DataFrame, found: frozenset[str], per_account: int, salt: bytes) -> Mapping[str, int]:
    """Summed weights of the phrases not found yet, of which an account keeps ``per_account``, by a salted hash."""
    kept = _kept(said.filter(~pl.col("phrase").is_in(list(found))), per_account, salt)
    each = pl.len().over("account").replace_strict({n: weight(n) for n in range(1, per_account + 1)})
    return dict(kept.select("phrase", weight=each).group_by("phrase").agg(pl.col("weight").sum()).iter_rows())


def counts(said: pl.DataFrame, keys: Sequence[str], per_account: int, salt: bytes) -> list[int]:
    """How many accounts have each of these phrases, an account in ``per_account`` of them at most."""
    kept = _kept(said.filter(pl.col("phrase").is_in(list(keys))), per_account, salt)
    counted = dict(kept.group_by("phrase").len().iter_rows())
    return [counted.get(key, 0) for key in keys]


def _empty(word: pl.Expr) -> pl.Expr:
    return word.str.replace_all("’", "'").is_in(list(_function_words()))


@cache
def _function_words() -> frozenset[str]:
    text = shipped("data", "function_words.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def _kept(said: pl.DataFrame, per_account: int, salt: bytes) -> pl.DataFrame:
    seed = int.from_bytes(hashlib.sha256(salt).digest()[:8])
    priority = pl.struct("account_hash", "phrase").hash(seed)
    return said.filter(priority.rank("ordinal").over("account") <= per_account)
