"""No audio gets in, in whichever text and dress (policy §3); talk about audio does."""

import base64

import pytest

from privacy_analytics.ingest.audio import carries_audio

CONTAINERS = {
    "wav": b"RIFF\x24\x08\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x44\xac\x00\x00",
    "mp3": b"ID3\x04\x00\x00\x00\x00\x00\x23TSSE\x00\x00\x00\x0f",
    "ogg": b"OggS\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x8e\x1b",
    "flac": b"fLaC\x00\x00\x00\x22\x10\x00\x10\x00\x00\x06\x2d",
    "m4a": b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00M4A mp42isom",
    "webm": b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01",
    "midi": b"MThd\x00\x00\x00\x06\x00\x01\x00\x02\x01\xe0MTrk",
}
DRESSES = {
    "latin": lambda data: data.decode("latin-1"),
    "replaced": lambda data: data.decode("utf-8", "replace"),
    "base64": lambda data: base64.b64encode(data).decode(),
    "urlsafe": lambda data: base64.urlsafe_b64encode(data).decode(),
    "uri": lambda data: "data:audio/x;base64," + base64.b64encode(data).decode(),
    "percent": lambda data: "DATA:audio/wav,%52%49%46" + data.hex(),
}
each_container = pytest.mark.parametrize("container", CONTAINERS)


@each_container
@pytest.mark.parametrize("dress", DRESSES)
def test_audio_is_seen_in_any_dress(container, dress):
    text = DRESSES[dress](CONTAINERS[container])
    assert carries_audio(text)
    assert carries_audio(f"listen to this: {text}")


@pytest.mark.clause("3.audio")
@each_container
def test_a_row_with_audio_in_any_text_is_left_out_by_rule(bench, container):
    text = DRESSES["base64"](CONTAINERS[container])
    at = "2026-10-02T10:00:00Z"
    chat = {"account_id": "a", "conversation_id": "c", "started_at": at}
    bench.write("chats.jsonl", [chat | {"messages": [{"role": "user", "content": f"hear: {text}"}]}])
    bench.write("crashes.jsonl", [{"account_id": "a", "occurred_at": at, "stack": text}])
    bench.write("events.csv", ["account_id,occurred_at,event,feature", f"a,{at},x,{text}"])
    bench.write("support.jsonl", [chat | {"messages": [], "subject": text}])
    report = bench.take('[support.rename]\nconversation_id = "ticket_id"\nstarted_at = "opened_at"\n')
    left_out = {table: dict(counts.quarantined) for table, counts in report.tables.items() if counts.read}
    assert left_out == {table: {"audio": 1} for table in ("chats", "crashes", "events", "support")}


@pytest.mark.parametrize(
    "text",
    [
        "a RIFF in WAVE form, ID3 tags, OggS or fLaC, an ftyp box, MThd chunks and RIFF/WAVE headers",
        "my key is TVRo and UklG, see data:text/plain,hello",
        "that riff! it waves",
        "",
    ],
)
def test_talk_about_audio_gets_in(text):
    assert not carries_audio(text)
