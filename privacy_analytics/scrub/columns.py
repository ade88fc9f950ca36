"""Columns of a data frame, masked in place of the original: polars and pandas alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import narwhals as nw

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub.finder import Tier
from privacy_analytics.scrub.scrubber import Scrubber


def scrub_columns(
    frame: Any,
    columns: Sequence[str],
    *,
    tier: Tier = "standard",
    conversation: str | None = None,
    order: str | None = None,
    scrubber: Scrubber | None = None,
    progress: bool = False,
) -> Any:
    """A frame with some columns of texts masked; all else, the order of rows and a pandas index stay as they are.

    Parameters
    ----------
    frame : a polars DataFrame or LazyFrame (collected; a DataFrame comes back), or a pandas DataFrame
    columns : of texts; a missing one (null) stays missing. Several columns of one row are read together, in this
        order, so that what is split over two of them is found
    tier : of a new scrubber, unless one is given
    conversation : a column that names the conversation of a row; all its rows are read together
    order : a column that puts the rows of a conversation in order, else it is the order of the frame
    scrubber : one that is set up already, with workers or with recognizers of others
    progress : draw a bar on standard error

    Where texts are read together, persons are numbered within the conversation, else within the row.

    Raises
    ------
    UsageError
        there is no such column, or it does not hold texts
    """
    given = _eager(frame)
    columns = list(dict.fromkeys(columns))
    texts = {name: _texts(given, name) for name in columns}
    groups = _values(given, conversation) if conversation else [None] * len(given)
    units = [("row", row) if group is None else ("conversation", group) for row, group in enumerate(groups)]
    places = [(name, row) for row in _in_order(given, order) for name in columns if texts[name][row] is not None]
    scrubbed = (scrubber or Scrubber(tier)).scrub(
        [cast("str", texts[name][row]) for name, row in places],
        conversations=[units[row] for _, row in places] if conversation or len(columns) > 1 else None,
        progress=progress,
    )
    masked: dict[str, dict[int, str]] = {}
    for (name, row), each in zip(places, scrubbed, strict=True):
        masked.setdefault(name, {})[row] = each.text
    put = [given[name].scatter(list(new), list(new.values())) for name, new in masked.items()]
    return given.with_columns(put).to_native()


def _eager(frame: Any) -> nw.DataFrame[Any]:
    try:
        given = nw.from_native(frame)
    except TypeError:
        raise UsageError("scrub_columns() takes a polars DataFrame or LazyFrame, or a pandas DataFrame.") from None
    return given.collect() if isinstance(given, nw.LazyFrame) else given


def _values(given: nw.DataFrame[Any], name: str) -> list[Any]:
    """What a column holds, None where it is null."""
    if name not in given.columns:
        raise UsageError(f"There is no column {name!r}. The frame has: {', '.join(given.columns)}.")
    return [None if null else each for each, null in zip(given[name], given[name].is_null(), strict=True)]


def _texts(given: nw.DataFrame[Any], name: str) -> list[str | None]:
    values = _values(given, name)
    if any(each is not None for each in values) and (
        given.schema[name] != nw.String or not all(each is None or isinstance(each, str) for each in values)
    ):
        kind = type(given.schema[name]).__name__  # an Enum's own text would quote its values
        raise UsageError(f"Column {name!r} does not hold texts but {kind}. Cast it to a string first.")
    return values


def _in_order(given: nw.DataFrame[Any], order: str | None) -> Iterable[int]:
    """Rows by a column, those without a value last; equal ones as they stand."""
    if order is None:
        return range(len(given))
    values = _values(given, order)
    return sorted(range(len(given)), key=lambda row: (values[row] is None, 0 if values[row] is None else values[row]))
