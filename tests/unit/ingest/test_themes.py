"""Themes in the lake: one row for each theme of a conversation, from the user's scrubbed words alone."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from privacy_analytics.scrub import IdentityHasher, Scrubber

AT = "2026-09-30T23:30:00Z"


@pytest.fixture
def scrubbing(bench: Any) -> Any:
    bench.scrubber = Scrubber("fast", hasher=IdentityHasher(*bench.settings.secret_keys()))
    return bench


def chat(conversation: str, *said: tuple[str, str]) -> dict[str, Any]:
    turns = [{"role": role, "content": text, "sent_at": "2026-10-02T10:00:00Z"} for role, text in said]
    return {"account_id": "a", "conversation_id": conversation, "started_at": AT, "messages": turns}


def found(bench: Any, *columns: str) -> list[tuple[Any, ...]]:
    return bench.rows("themes").select(columns or ("theme", "area")).sort(pl.all()).rows()


def test_each_theme_of_a_conversation_is_a_row_with_its_area(scrubbing: Any) -> None:
    asked = ("user", "my reverb is washy"), ("assistant", "Shorten it."), ("user", "and my compressor pumps")
    scrubbing.write("chats.jsonl", [chat("1", *asked), chat("2", ("user", "hello!"))])
    scrubbing.take()
    assert found(scrubbing) == [("compression", "mixing"), ("other", "other"), ("reverb_delay", "mixing")]


def test_what_the_assistant_says_is_no_theme(scrubbing: Any) -> None:
    silent = chat("2", ("assistant", "Ask me about reverb."))
    scrubbing.write("chats.jsonl", [chat("1", ("user", "hi"), ("assistant", "Compress the reverb.")), silent])
    scrubbing.take()
    assert found(scrubbing) == [("other", "other")]


def test_only_the_scrubbed_text_is_read(bench: Any) -> None:
    bench.write("chats.jsonl", [chat("1", ("user", "my reverb is washy"))])
    bench.take()
    assert found(bench) == [("other", "other")]


def test_a_theme_has_the_day_and_month_in_which_its_conversation_starts(scrubbing: Any) -> None:
    scrubbing.write("chats.jsonl", [chat("1", ("user", "my reverb is washy"))])
    scrubbing.take()
    chats = scrubbing.rows("chats").select("account", "account_hash", "conversation", "day", "month").rows()
    assert found(scrubbing, "account", "account_hash", "conversation", "day", "month") == chats
    assert chats[0][-1] == "2026-09"


def test_a_conversation_taken_in_again_has_its_themes_once_and_what_it_goes_on_with_is_added(scrubbing: Any) -> None:
    asked = ("user", "my reverb is washy")
    for said in ([asked], [asked], [asked, ("user", "and my compressor pumps")]):
        scrubbing.write("chats.jsonl", [chat("1", *said)])
        scrubbing.take()
    assert [theme for theme, _ in found(scrubbing)] == ["compression", "reverb_delay"]
