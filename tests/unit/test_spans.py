from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy_analytics import counting
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import CountAccounts, CountRows
from privacy_analytics.lake import Lake, store
from privacy_analytics.lake.spans import Span, cut, spans
from privacy_analytics.resolve import resolve
from privacy_analytics.snapshots import snapshot

ACCOUNTS = st.lists(st.integers(0, 2**128 - 1).map(lambda number: f"{number:032x}"), min_size=1, max_size=60)


@settings(deadline=None, max_examples=40)
@given(ACCOUNTS, st.integers(1, 40))
def test_every_account_lies_in_exactly_one_span(accounts, of):
    rows = pl.DataFrame({"account": sorted(accounts)})
    held = pl.concat([rows.filter(span.holds()) for span in spans(of)])
    assert held["account"].to_list() == sorted(accounts)


@settings(deadline=None, max_examples=40)
@given(ACCOUNTS, st.integers(1, 9), st.integers(1, 9))
def test_a_span_passes_over_no_file_that_holds_one_of_its_accounts(accounts, most, of):
    rows = pl.DataFrame({"account": sorted(accounts)})
    for span in spans(of):
        for file, some in cut(rows, most):
            assert span.meets(file) or not some.filter(span.holds()).height


@settings(deadline=None, max_examples=40)
@given(ACCOUNTS, st.integers(1, 9), st.integers(1, 40))
def test_a_span_is_cut_into_spans_that_hold_what_lies_in_their_files(accounts, most, of):
    rows = pl.DataFrame({"account": sorted(accounts)})
    for within in spans(of):
        for file, some in cut(rows.filter(within.holds()), most, within):
            assert some.filter(~file.holds()).is_empty()
            assert within.at * file.of <= file.at * within.of < (within.at + 1) * file.of


@settings(deadline=None, max_examples=40)
@given(ACCOUNTS, st.integers(1, 9))
def test_cutting_keeps_every_row_in_its_order(accounts, most):
    rows = pl.DataFrame({"account": sorted(accounts)})
    assert pl.concat([some for _, some in cut(rows, most)]).equals(rows)


def test_a_file_of_an_earlier_version_may_hold_anybody(tmp_path):
    assert Span.of_file(tmp_path / "0a1b2c3d4e5f6071.parquet") == Span(0, 1)
    assert Span.of_file(tmp_path / f"{Span(3, 17)}-0a1b.parquet") == Span(3, 17)


QUESTIONS = [CountAccounts("events", by="feature"), CountRows("events", by="os")]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.kind)
def test_a_month_counted_in_spans_gives_the_same_sums(question, workspace_with, events, monkeypatch):
    monkeypatch.setattr(store, "FILE_ROWS", 20)
    spread = pl.col("account").str.slice(-2) + pl.col("account").str.slice(0, 30)
    settings = workspace_with(events(range(200), rows=3).with_columns(spread))
    lake, contract = Lake(settings.path("lake")), tables(settings)
    frozen = snapshot(settings, "2026-10", now=datetime(2026, 11, 23, tzinfo=UTC))
    bounded = resolve(question, contract, purpose="usage", month="2026-10", snapshot=frozen.token)
    engine = LakeEngine(lake, contract, [frozen], b"salt", "UTC")
    whole = engine.sums(bounded).n
    monkeypatch.setattr(counting, "SPAN_ROWS", 50)
    assert len(list(engine._blocks(bounded))) > 5
    assert engine.sums(bounded).n.tolist() == whole.tolist()
    assert whole.sum() > 0
