from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest

from privacy_analytics.errors import UsageError
from privacy_analytics.scrub import Scrubber, scrub_columns

TEXTS = ["mail jane@example.com", None, "a quiet kick"]


def fast(frame: Any, columns: list[str], **more: Any) -> Any:
    return scrub_columns(frame, columns, tier="fast", **more)


@pytest.mark.parametrize("make", [pl.DataFrame, pl.LazyFrame])
def test_a_polars_column_is_masked_and_the_rest_is_as_it_was(make: Any) -> None:
    masked = fast(make({"n": [1, 2, 3], "text": TEXTS}), ["text"])
    assert masked.equals(pl.DataFrame({"n": [1, 2, 3], "text": ["mail <EMAIL>", None, "a quiet kick"]}))


@pytest.mark.parametrize("kind", [object, "str", "string[python]", "string[pyarrow]"])
def test_a_pandas_frame_keeps_its_index_its_types_and_its_nulls(kind: Any) -> None:
    index = pd.Index([7, 7, 3], name="row")
    frame = pd.DataFrame({"n": [1, 2, 3], "text": pd.Series(TEXTS, dtype=kind).set_axis(index)}, index=index)
    before = frame.copy(deep=True)
    masked = fast(frame, ["text"])
    pd.testing.assert_frame_equal(frame, before)
    assert masked["text"].to_list()[::2] == ["mail <EMAIL>", "a quiet kick"]
    assert masked["text"].isna().to_list() == [False, True, False]
    pd.testing.assert_series_equal(masked.dtypes, before.dtypes)
    pd.testing.assert_index_equal(masked.index, before.index)


def test_two_columns_of_a_row_are_read_together() -> None:
    frame = pl.DataFrame({"title": ["my last name is", "hm"], "body": ["Umlaufsen", "Umlaufsen"]})
    masked = fast(frame, ["title", "body"])
    assert masked.rows() == [("my last name is", "<PERSON_1>"), ("hm", "Umlaufsen")]


def test_rows_of_a_conversation_are_read_together_in_their_order() -> None:
    frame = pl.DataFrame(
        {"at": [2, 1, 1, None], "chat": ["a", "a", "b", None], "text": ["5678", "0151 234", "5678", "ask Anna Sanz"]}
    )
    masked = fast(frame, ["text"], conversation="chat", order="at")
    assert masked["text"].to_list() == ["<PHONE>", "<PHONE>", "5678", "ask <PERSON_1>"]
    assert masked.drop("text").equals(frame.drop("text"))


@pytest.mark.parametrize("frame", [pl.DataFrame({"n": [1, 2]}), pd.DataFrame({"n": [1, 2]})])
def test_a_column_of_numbers_is_refused_by_name(frame: Any) -> None:
    with pytest.raises(UsageError, match="'n' does not hold texts"):
        fast(frame, ["n"])


def test_a_column_of_mixed_values_is_refused_without_showing_one() -> None:
    with pytest.raises(UsageError) as refusal:
        fast(pd.DataFrame({"text": pd.Series(["secret", 5], dtype=object)}), ["text"])
    assert "secret" not in str(refusal.value)


def test_a_missing_column_and_a_list_are_refused() -> None:
    with pytest.raises(UsageError, match="no column 'body'"):
        fast(pl.DataFrame({"text": TEXTS}), ["body"])
    with pytest.raises(UsageError, match="polars"):
        fast(TEXTS, ["text"])


@pytest.mark.parametrize("frame", [pl.DataFrame({"t": [None, None]}), pl.DataFrame({"t": []}, schema={"t": pl.String})])
def test_columns_without_a_text_stay(frame: pl.DataFrame) -> None:
    assert fast(frame, ["t"]).equals(frame)


def test_a_scrubber_that_is_set_up_is_used() -> None:
    scrubber = Scrubber("fast", label=lambda _type: "#")
    masked = scrub_columns(pl.DataFrame({"text": TEXTS}), ["text"], scrubber=scrubber)
    assert masked["text"][0] == "mail #"
    assert scrubber.counts["EMAIL"] == 1


def test_a_refused_column_is_named_without_its_values() -> None:
    frame = pl.DataFrame({"who": ["Umlaufsen", "Torvald"]}, schema={"who": pl.Enum(["Umlaufsen", "Torvald"])})
    with pytest.raises(UsageError, match="Column 'who' does not hold texts but Enum") as told:
        scrub_columns(frame, ["who"], tier="fast")
    assert "Umlaufsen" not in str(told.value)
