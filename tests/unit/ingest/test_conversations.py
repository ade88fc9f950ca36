"""Texts that belong together are scrubbed together: a chat's messages, a ticket's subject and messages."""

from __future__ import annotations

from typing import Any

import pytest

from privacy_analytics.scrub import IdentityHasher, Scrubber

AT = "2026-10-02T10:00:00Z"


@pytest.fixture
def scrubbing(bench: Any) -> Any:
    bench.scrubber = Scrubber("fast", hasher=IdentityHasher(*bench.settings.secret_keys()))
    return bench


def chat(conversation: str | None, *said: str) -> dict[str, Any]:
    turns = [{"role": "user", "content": text} for text in said]
    return {"account_id": "a", "conversation_id": conversation, "started_at": AT, "messages": turns}


def messages(bench: Any) -> list[list[str]]:
    rows = bench.rows("messages")
    return [each["content"].to_list() for _, each in rows.group_by("conversation", maintain_order=True)]


def test_what_is_split_over_two_messages_of_a_chat_is_masked(scrubbing: Any) -> None:
    scrubbing.write(
        "chats.jsonl", [chat("1", "my mail is jane.doe", "@gmail.com"), chat("2", "0151 234"), chat("3", "5678")]
    )
    scrubbing.take()
    assert sorted(messages(scrubbing)) == [["0151 234"], ["5678"], ["my mail is <EMAIL>", "<EMAIL>"]]


def test_persons_are_numbered_anew_in_every_chat(scrubbing: Any) -> None:
    scrubbing.write("chats.jsonl", [chat("1", "ask Anna Kowalska", "ask Marek Nowak"), chat("2", "ask Marek Nowak")])
    scrubbing.take()
    assert sorted(messages(scrubbing)) == [["ask <PERSON_1>"], ["ask <PERSON_1>", "ask <PERSON_2>"]]


def test_a_chat_that_goes_on_in_a_later_export_keeps_what_is_stored(scrubbing: Any) -> None:
    scrubbing.write("chats.jsonl", [chat("1", "ask Anna Kowalska")])
    scrubbing.take()
    scrubbing.write("chats.jsonl", [chat("1", "ask Anna Kowalska", "and Marek Nowak")])
    scrubbing.take()
    assert messages(scrubbing) == [["ask <PERSON_1>", "and <PERSON_2>"]]


def test_a_tickets_subject_and_messages_are_read_together(scrubbing: Any) -> None:
    turns = [{"role": "user", "content": text} for text in ("Umlaufsen", "cheers, Marek Nowak")]
    row = {"account_id": "a", "ticket_id": "t1", "opened_at": AT, "subject": "my last name is", "messages": turns}
    bare = {"account_id": "a", "ticket_id": "t2", "opened_at": AT, "subject": "ask Anna Kowalska", "messages": []}
    scrubbing.write("support.jsonl", [row, bare])
    scrubbing.take()
    first, second = scrubbing.rows("support").sort("subject", descending=True).to_dicts()
    assert first["subject"] == "my last name is"
    assert [turn["content"] for turn in first["messages"]] == ["<PERSON_1>", "cheers, <PERSON_2>"]
    assert second["subject"] == "ask <PERSON_1>"
