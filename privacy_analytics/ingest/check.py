"""One chunk of an export against its contract: types, zones, audio, rules. Every decision is about one row alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import cast

import dataframely as dy
import polars as pl

from privacy_analytics.contracts import Column
from privacy_analytics.ingest.audio import with_audio
from privacy_analytics.ingest.maps import TURN, TableMap
from privacy_analytics.ingest.schemas import LINE, schema

_CLOCK = r"^(?P<day>\d{4}-\d{2}-\d{2})(?:[T ](?P<minute>\d{2}:\d{2})(?::(?P<second>\d{2})(?P<part>\.\d{1,9})?)?)?"
_TIME = _CLOCK + r"\s*(?P<zone>[Zz]|UTC|[+-]\d{2}:?\d{2})?$"
_NAIVE = _CLOCK + r"$"
_UTC = pl.Datetime("us", "UTC")
_YEARS = (1970, 2199)
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
_TURN_TYPES: dict[str, pl.DataType] = {
    **dict.fromkeys(TURN, pl.String()),
    "sent_at": _UTC,
    "voice_seconds": pl.Float64(),
}


Among = Callable[[Iterable[str]], frozenset[str]]
"""Says which of some account ids it is about."""


def _none(_: Iterable[str]) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class Checked:
    """A chunk, sorted into what keeps its contract and what does not."""

    good: pl.DataFrame
    """The contract's columns, and ``#line``."""
    bad: pl.DataFrame
    """``#line``, ``#rule`` and ``account_id`` of the rows for quarantine."""
    dropped: int
    """Rows that the map leaves out."""
    without_account: int
    erased: int
    """Rows of accounts that were erased before."""
    unattested: frozenset[str]
    """Account ids (of ``accounts``) whose row does not say that they are of age."""


def check(
    chunk: pl.DataFrame,
    columns: Mapping[str, Column],
    fit: TableMap,
    *,
    held: Among = _none,
    erased: Among = _none,
) -> Checked:
    """Sort the rows of a chunk; ``held`` says whose rows must not land, ``erased`` who is gone."""
    contract = schema(columns)
    selected = _selected(chunk, fit)
    loud = selected.with_columns(
        pl.when(with_audio(selected.drop("#rule"))).then(pl.lit("audio")).otherwise("#rule").alias("#rule")
    )
    typed = _typed(loud, contract, fit)
    nobody = pl.col("account_id").is_null() & pl.col("#rule").is_null()
    known = typed.filter(~nobody)
    accounts = known["account_id"].drop_nulls().unique()
    gone = erased(accounts)
    rows = known.filter(~pl.col("account_id").is_in(list(gone)).fill_null(False)) if gone else known
    unattested: frozenset[str] = frozenset()
    if "age_attested" in rows.columns:
        minor = ~pl.col("age_attested").fill_null(False)
        unattested = frozenset(rows.filter(minor)["account_id"].drop_nulls())
        rows = _flag(rows, minor, "age_attested")
    kept_out = pl.col("account_id").is_in(list(held(accounts) | unattested))
    rows = _flag(rows, kept_out.fill_null(False), "age_attested")
    good, broken = _by_contract(rows.filter(pl.col("#rule").is_null()).drop("#rule"), contract)
    bad = pl.concat([rows.filter(pl.col("#rule").is_not_null()).select("#line", "#rule", "account_id"), broken])
    return Checked(
        good,
        bad,
        dropped=chunk.height - selected.height,
        without_account=typed.height - known.height,
        erased=known.height - rows.height,
        unattested=unattested,
    )


def _selected(chunk: pl.DataFrame, fit: TableMap) -> pl.DataFrame:
    columns = {name: f"?{name}" if f"?{name}" in chunk.columns else fit.rename.get(name, name) for name in fit.where}
    keep = [pl.col(columns[name]).cast(pl.String).is_in(values).fill_null(False) for name, values in fit.where.items()]
    chosen = chunk.filter(pl.col("#rule").is_not_null() | pl.all_horizontal(keep)) if keep else chunk
    return chosen.drop(name for name in columns.values() if name.startswith("?"))


def _flag(rows: pl.DataFrame, where: pl.Expr, rule: str) -> pl.DataFrame:
    first = pl.when(pl.col("#rule").is_null() & where).then(pl.lit(rule)).otherwise("#rule")
    return rows.with_columns(first.alias("#rule"))


def _typed(chunk: pl.DataFrame, contract: type[dy.Schema], fit: TableMap) -> pl.DataFrame:
    types = {name: column.dtype for name, column in contract.columns().items() if name != LINE}
    nested = types.pop("messages", None)
    frame = _conform(chunk, types, fit, "{}")
    if nested is None:
        return frame
    if "messages" not in chunk.columns:
        return frame.with_columns(pl.lit(None, nested).alias("messages"))
    return _with_turns(
        frame.with_columns(chunk["messages"]), nested, fit.messages or TableMap(assume_timezone=fit.assume_timezone)
    )


def _with_turns(frame: pl.DataFrame, dtype: pl.DataType, fit: TableMap) -> pl.DataFrame:
    outer = {source for source in fit.fallback.values() if source != "messages"}
    flat = frame.select("#line", "#rule", "messages", *(pl.col(name).alias(f"^{name}") for name in outer))
    flat = flat.filter(pl.col("messages").list.len() > 0).explode("messages").unnest("messages")
    turns = _conform(flat, _TURN_TYPES, fit, "messages|{}", outer="^")
    grouped = turns.group_by("#line", maintain_order=True).agg(
        pl.struct(TURN).alias("turns"), pl.col("#rule").drop_nulls().first()
    )
    joined = frame.drop("#rule").join(grouped, on="#line", how="left", maintain_order="left")
    empty = pl.when(pl.col("messages").list.len() == 0).then(pl.lit([], dtype))
    return joined.with_columns(
        pl.coalesce("turns", empty).cast(dtype).alias("messages"), pl.coalesce("#rule", frame["#rule"]).alias("#rule")
    ).drop("turns")


def _conform(
    frame: pl.DataFrame, types: Mapping[str, pl.DataType], fit: TableMap, naming: str, outer: str = ""
) -> pl.DataFrame:
    """The columns of ``types`` from a frame, its constants and fallbacks; what cannot be read breaks a rule."""
    given, zone = frame.schema, fit.assume_timezone
    sources = {name: given.get(name, pl.String()) for name in types}
    times = [name for name, dtype in types.items() if dtype == _UTC and sources[name] == pl.String]
    carried = [name for name in given if name.startswith("^")]
    absent = [pl.lit(fit.constants.get(name), pl.String).alias(name) for name in types if name not in given]
    # step by step: polars would work a common part out once for each place where it stands
    raw = frame.select("#line", "#rule", *carried, *(name for name in types if name in given), *absent)
    split = raw.with_columns(
        pl.col(name).str.strip_chars().str.extract_groups(_TIME).alias(f"<{name}") for name in times
    )
    read = split.with_columns(
        _read(name, sources[name], dtype, zone).alias(f"={name}") for name, dtype in types.items()
    )
    rules: list[pl.Expr] = [pl.col("#rule")]
    for name, dtype in types.items():
        if sources[name] != dtype:
            naive = _is_naive(name, sources[name]) if dtype == _UTC and not zone else pl.lit(False)
            rule = pl.when(naive).then(pl.lit("no_timezone")).otherwise(pl.lit("type"))
            named = pl.format(naming.format(name) + "|{}", rule)
            rules.append(pl.when(pl.col(name).is_not_null() & pl.col(f"={name}").is_null()).then(named))
    values = [pl.col(f"={name}").alias(name) for name in types]
    typed = read.select("#line", pl.coalesce(rules).alias("#rule"), *values, *carried)
    filled = [pl.coalesce(ours, f"{outer}{theirs}").alias(ours) for ours, theirs in fit.fallback.items()]
    return typed.with_columns(filled).drop(carried)


def _read(name: str, source: pl.DataType, dtype: pl.DataType, zone: str | None) -> pl.Expr:
    """A value of the wanted type, or null. Formats are fixed: one inferred from other rows would break locality."""
    raw = pl.col(name)
    if dtype == pl.String:
        return raw if source == pl.String else raw.cast(pl.String)
    if dtype == pl.Boolean:
        folded = raw.cast(pl.String).str.strip_chars().str.to_lowercase()
        return pl.when(folded.is_in(_TRUE)).then(True).when(folded.is_in(_FALSE)).then(False)
    if dtype == _UTC:
        return _time(name, source, zone)
    return raw.cast(dtype, strict=False)


def _time(name: str, source: pl.DataType, zone: str | None) -> pl.Expr:
    if isinstance(source, pl.Datetime) or source == pl.Date:
        aware = isinstance(source, pl.Datetime) and source.time_zone is not None
        raw = pl.col(name)
        time = raw.cast(_UTC) if aware else _zoned(raw.cast(pl.Datetime("us")), zone)
    elif source == pl.String:
        parts = pl.col(f"<{name}").struct
        text = pl.format(
            "{}T{}:{}{}",
            parts["day"],
            *(parts[p].fill_null(d) for p, d in (("minute", "00:00"), ("second", "00"), ("part", ""))),
        )
        naive = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
        offset = parts["zone"].str.replace(":", "")
        minutes = offset.str.slice(0, 3).cast(pl.Int64, strict=False) * 60
        odd = (offset.str.slice(0, 1) + offset.str.slice(3, 2)).cast(pl.Int64, strict=False)
        shift = pl.when(offset.str.to_uppercase().is_in(["Z", "UTC"])).then(0).otherwise(minutes + odd)
        time = (
            pl.when(offset.is_null())
            .then(_zoned(naive, zone))
            .otherwise((naive - pl.duration(minutes=shift)).dt.replace_time_zone("UTC"))
        )
    else:
        time = pl.lit(None, _UTC)
    return pl.when(time.dt.year().is_between(*_YEARS)).then(time)


def _zoned(naive: pl.Expr, zone: str | None) -> pl.Expr:
    if zone is None:
        return pl.lit(None, _UTC)
    return naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")


def _is_naive(name: str, source: pl.DataType) -> pl.Expr:
    raw = pl.col(name)
    return raw.str.strip_chars().str.contains(_NAIVE) if source == pl.String else raw.is_not_null()


def _by_contract(rows: pl.DataFrame, contract: type[dy.Schema]) -> tuple[pl.DataFrame, pl.DataFrame]:
    good, failure = contract.filter(rows.select(contract.column_names()))
    details = failure.details()
    rules = [name for name in details.columns if name not in rows.columns]
    shown = {rule: rule.replace("inner_", "") for rule in rules}  # messages|content_max_length, however deep it lies
    broken = [pl.when(pl.col(rule) == "invalid").then(pl.lit(name)) for rule, name in shown.items()]
    named = pl.coalesce(broken) if broken else pl.lit(None, pl.String)
    return cast("pl.DataFrame", good), details.select("#line", named.alias("#rule"), "account_id")
