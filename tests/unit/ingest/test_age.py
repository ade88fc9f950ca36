"""Policy §2: an account that is not attested to be of age is counted in nothing, whatever came first."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from privacy_analytics.cli.ingest import summary
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import CountAccounts
from privacy_analytics.resolve import resolve
from privacy_analytics.snapshots import snapshot

AT = "2026-10-02T10:00:00Z"


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


@pytest.mark.clause("2.attested")
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


def _said(bench, *texts, account="b", role="user"):
    turns = [{"role": role, "content": text} for text in texts]
    chats = [{"account_id": account, "conversation_id": f"c{len(texts)}", "started_at": AT, "messages": turns}]
    bench.write("chats.jsonl", chats)
    return bench.take()


@pytest.mark.clause("2.minors")
def test_who_says_to_be_under_18_is_held_back_with_all_rows_and_counted_without_the_text(bench, event, counted):
    bench.write("events.jsonl", [event("a"), event("b")])
    report = _said(bench, "love it", "planted, i'm 15 btw")
    assert report.minors == 1
    assert counted() == 1
    shown = summary(report)
    assert "1 account(s) say that they are under 18 (policy §2); their text is not shown" in shown
    assert "planted" not in shown


def test_what_the_assistant_says_of_itself_holds_nobody_back(bench):
    assert _said(bench, "i'm 15", role="assistant").minors == 0


def test_who_says_so_to_support_is_held_back(bench):
    ticket = {"account_id": "b", "opened_at": AT, "messages": []}
    agent = [{"role": "agent", "content": "i'm 15"}]
    bench.write(
        "support.jsonl",
        [
            ticket | {"ticket_id": "t1", "subject": "refund, I'm 15"},
            ticket | {"ticket_id": "t2", "account_id": "a", "messages": agent},
        ],
    )
    assert bench.take().minors == 1


def test_an_account_that_was_let_go_is_not_held_for_the_same_words_again_but_for_new_ones(bench):
    _said(bench, "i'm 15")
    account = bench.rows("marks")["account"].to_list()
    assert _said(bench, "i'm 15").minors == 0
    bench.lake.mark(account, "minor", is_set=False, at=datetime(2026, 11, 1, tzinfo=UTC))
    assert _said(bench, "i'm 15").minors == 0
    assert bench.lake.marked("minor").collect().is_empty()
    assert _said(bench, "hello", "i'm still 15").minors == 1
