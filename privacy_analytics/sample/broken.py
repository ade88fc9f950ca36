"""Rows that must not get in, one of each way to be broken, so that quarantine can be seen at work.

The container magics are those of RIFF/WAVE, ID3, Ogg, FLAC, ISO base media (ftyp), EBML and Standard MIDI files.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import polars as pl

from privacy_analytics.sample.accounts import UNDER_AGE

Row = dict[str, Any]
EXPECTED = {
    "under_age": UNDER_AGE,
    "audio": 7,
    "oversize": 1,
    "undeclared_key": 1,
    "bad_encoding": 1,
    "bad_time": 8,
    "no_account": 10,
}
"""How many rows of a sample are refused, by reason, in all files together."""
TOO_LONG = 40_000
_FILLER = bytes(range(256)) * 2
_AUDIO = {
    "riff": b"RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00",
    "id3": b"ID3\x03\x00\x00\x00\x00\x0f\x76TIT2",
    "ogg": b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x01vorbis",
    "flac": b"fLaC\x00\x00\x00\x22\x10\x00\x10\x00",
    "mp4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x00\x00M4A mp42",
    "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01",
    "midi": b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0MTrk",
}


def _base64(container: str) -> str:
    return base64.b64encode(_AUDIO[container] + _FILLER).decode()


def _plain(container: str) -> str:
    return (_AUDIO[container] + _FILLER[:64]).decode("latin-1")


def broken_chats(good: Row) -> list[Row]:
    """Conversations after the pattern of a good one, each broken in one way."""
    texts = {
        "riff": f"this is my loop {_base64('riff')}",
        "id3": _plain("id3"),
        "ogg": f"listen: data:audio/ogg;base64,{_base64('ogg')}",
        "oversize": "la " * (TOO_LONG // 3),
    }
    rows = [_chat(good, name, text) for name, text in texts.items()]
    rows.append(_chat(good, "undeclared", "why is there a mood in my export") | {"mood": "curious"})
    rows += [
        _chat(good, f"time{i}", "when was that") | {"started_at": text}
        for i, text in enumerate(("2026-13-45T10:00:00Z", "yesterday"))
    ]
    rows += [_chat(good, f"nobody{i}", "who am i") | {"account_id": None} for i in range(2)]
    return rows


def broken_tickets(good: Row) -> list[Row]:
    """Tickets with audio in the subject and in a message."""
    subject: Row = good | {"ticket_id": "tick-flac", "subject": _base64("flac"), "messages": []}
    message = {"role": "user", "content": _base64("webm"), "sent_at": good["opened_at"]}
    return [subject, good | {"ticket_id": "tick-webm", "messages": [message]}]


def badly_encoded(good: Row) -> bytes:
    """The line of a ticket with a byte in it that is no UTF-8."""
    return json.dumps(good | {"ticket_id": "tick-spoilt"}).encode().replace(b"tick-spoilt", b"tick-\xff") + b"\n"


def broken_crashes(good: Row) -> list[Row]:
    """Crashes with audio in the stack, without a time that is one, and without an account."""
    audio = {"mp4": f"data:audio/mp4;base64,{_base64('mp4')}", "midi": _plain("midi")}
    rows = [good | {"crash_id": f"cr-{name}", "stack": text} for name, text in audio.items()]
    rows += [
        good | {"crash_id": f"cr-time{i}", "occurred_at": text}
        for i, text in enumerate(("31/10/2026 26:61", "", "soon"))
    ]
    return [*rows, good | {"crash_id": "cr-nobody", "account_id": None}]


def _chat(good: Row, name: str, text: str) -> Row:
    message = {"role": "user", "content": text, "sent_at": good["started_at"], "channel": "text"}
    return good | {"conversation_id": f"conv-{name}", "messages": [message]}


def broken_rows(good: pl.DataFrame, *, nobody: int, no_time: int = 0) -> pl.DataFrame:
    """The first rows once more, without their account or without their time."""
    rows = good.head(nobody + no_time).with_row_index("at")
    return rows.select(
        pl.when(pl.col("at") >= nobody).then("account_id").alias("account_id"),
        pl.when(pl.col("at") < nobody).then("occurred_at").alias("occurred_at"),
        pl.exclude("at", "account_id", "occurred_at"),
    ).select(good.columns)
