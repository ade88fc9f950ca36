"""Policy §2: an account that is not attested to be of age is counted in nothing, whatever came first."""

from __future__ import annotations

import pytest

from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.resolve import resolve
from privacy_analytics.snapshots import snapshot


@pytest.fixture
def counted(bench):
    def count() -> int:
        frozen = snapshot(bench.settings, "2026-10")
        question = CountAccounts("events")
        known = tables(bench.settings)
        bounded = resolve(question, known, purpose="usage", month="2026-10", snapshot=frozen.token)
        engine = LakeEngine(bench.lake, known, [frozen], b"salt", bench.settings.timezone)
        return int(engine.sums(bounded).n.sum())

    return count


def _attest(bench, *, yes: bool) -> None:
    for file in bench.export.iterdir():
        file.unlink()
    bench.write("accounts.jsonl", [{"account_id": "b", "age_attested": yes}])
    bench.take()


def test_a_later_export_without_accounts_cannot_bring_a_held_account_in(bench, event, counted):
    _attest(bench, yes=False)
    (bench.export / "accounts.jsonl").unlink()
    bench.write("events.jsonl", [event("a"), event("b")])
    bench.take()
    assert counted() == 1


def test_rows_that_came_before_their_account_was_held_are_not_counted(bench, event, counted):
    bench.write("events.jsonl", [event("a"), event("b")])
    bench.take()
    _attest(bench, yes=False)
    assert counted() == 1


def test_an_account_attested_later_counts_again(bench, event, counted):
    bench.write("events.jsonl", [event("a"), event("b")])
    bench.take()
    _attest(bench, yes=False)
    _attest(bench, yes=True)
    assert counted() == 2


def test_holding_an_account_twice_stores_it_once(bench):
    _attest(bench, yes=False)
    _attest(bench, yes=False)
    assert bench.rows("held").height == 1
