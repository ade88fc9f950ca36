"""What policy §3 says of what is collected, and of what is not, holds for the rows of an export."""

from __future__ import annotations

from typing import Any

import pytest

from privacy_analytics.cli.ingest import summary
from privacy_analytics.contracts import EXPORTS, tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.questions import CountAccounts, Mean, Sum, TopKeys
from privacy_analytics.errors import PolicyError, UsageError
from privacy_analytics.resolve import resolve
from privacy_analytics.scrub import IdentityHasher, Scrubber
from privacy_analytics.settings import PURPOSES
from privacy_analytics.snapshots import snapshot

AT = "2026-10-02T10:00:00Z"
CARD = "4111 1111 1111 1111"


@pytest.mark.clause("3.payment")
def test_a_card_number_in_any_text_is_masked_and_counted_and_no_column_is_for_payment(bench):
    bench.scrubber = Scrubber("fast", hasher=IdentityHasher(*bench.settings.secret_keys()))
    turns = [
        {"role": "user", "content": f"charge {CARD} or 5500-0000-0000-0004"},
        {"role": "assistant", "content": f"you wrote {CARD}, not <CREDIT_CARD>"},
    ]
    bench.write("chats.jsonl", [{"account_id": "a", "conversation_id": "c", "started_at": AT, "messages": turns}])
    ticket = {"account_id": "a", "ticket_id": "t", "opened_at": AT, "subject": CARD, "messages": []}
    bench.write("support.jsonl", [ticket])
    bench.write("crashes.jsonl", [{"account_id": "a", "occurred_at": AT, "stack": f"card={CARD}"}])
    report = bench.take()
    assert (report.cards, report.rows_with_cards) == (5, 4)
    line = "card numbers 5 masked in 4 row(s) (policy §3: payment data is not collected)"
    assert line in summary(report).splitlines()
    stored = str([bench.rows(table).to_dicts() for table in ("messages", "support", "crashes")])
    assert "1111" not in stored
    assert "0004" not in stored
    columns = {name for table in EXPORTS.values() for name in table}
    assert not [name for name in columns if any(word in name for word in ("card", "iban", "payment", "billing"))]
    again = bench.take()
    assert (again.cards, "card numbers" in summary(again)) == (0, False)


@pytest.mark.clause("3.support")
@pytest.mark.parametrize("column", ["subject", "messages"])
def test_the_text_of_tickets_is_asked_for_by_no_purpose(bench, column):
    refused(bench, "support", column)


@pytest.mark.clause("3.crashes")
def test_stack_texts_are_scrubbed_and_asked_for_by_no_purpose(bench):
    bench.write("crashes.jsonl", [{"account_id": "a", "occurred_at": AT, "stack": "/home/planted/x.so"}])
    bench.take()
    assert bench.rows("crashes")["stack"].to_list() == ["scrubbed"]
    refused(bench, "crashes", "stack")


@pytest.mark.clause("3.bounds")
def test_a_number_counts_within_its_public_bounds_whatever_stands_in_the_row(bench):
    values = {"a": 1e9, "b": -1e9, "c": 60_000, "d": 0}
    rows = [{"account_id": account, "occurred_at": AT, "metric": "audio_callback"} for account in values]
    bench.write("performance.jsonl", [row | {"value_ms": values[row["account_id"]]} for row in rows])
    bench.take()
    frozen, known = snapshot(bench.settings, "2026-10"), tables(bench.settings)

    question = Sum("performance", "value_ms")
    bounded = resolve(question, known, purpose="usage", month="2026-10", snapshot=frozen.token)
    assert LakeEngine(bench.lake, known, [frozen], b"salt", "UTC").sums(bounded).n.sum() == 2 * 60_000


def refused(bench: Any, table: str, column: str) -> None:
    known = tables(bench.settings)
    asked = (TopKeys(table, column), CountAccounts(table, by=column), CountAccounts(table, where={column: ["x"]}))
    for purpose in PURPOSES:
        for question in (*asked, Mean(table, column)):
            with pytest.raises((PolicyError, UsageError)):
                resolve(question, known, purpose=purpose, month="2026-10", snapshot="s")
