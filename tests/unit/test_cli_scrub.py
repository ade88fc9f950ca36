from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from privacy_analytics.cli.scrub import scrub
from privacy_analytics.scrub import Scrubber
from privacy_analytics.scrub.recognizers.names import NameRecognizer


def run(text: str | bytes, *options: str) -> Result:
    return CliRunner().invoke(scrub, ["--tier", "fast", *options], input=text, catch_exceptions=False)


def lines(result: Result) -> list[Any]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_line_in_is_one_line_out() -> None:
    result = run("mail jane@example.com\n\na quiet kick\nno end")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "mail <EMAIL>\n\na quiet kick\nno end", "")


def test_spans_are_places_in_the_line_that_came_in() -> None:
    text = "mail ja\u200bne@example.com"
    (found,) = lines(run(text + "\r\n", "--spans"))
    assert found["text"] == "mail <EMAIL>"
    assert [(text[s["start"] : s["end"]], s["type"]) for s in found["spans"]] == [("ja\u200bne@example.com", "EMAIL")]


def test_bytes_that_are_no_text_and_long_lines_survive() -> None:
    given = b"\xff\xfe jane@example.com \xc3\r\n" + b"so " * 200_000 + b"\n\x00\x85\x0b\n"
    assert run(given).stdout_bytes == given.replace(b"jane@example.com", b"<EMAIL>")


def test_spans_of_bytes_that_are_no_text_are_json_all_the_same() -> None:
    assert lines(run(b"\xff jane@example.com\n", "--spans"))[0]["text"] == "\udcff <EMAIL>"


def test_fields_of_json_are_scrubbed_and_the_rest_is_not() -> None:
    row = {"id": 7, "mail": "jane@example.com", "text": "mail jane@example.com", "n": None}
    result = run(json.dumps(row) + "\n", "--json", "text", "--json", "gone")
    assert lines(result) == [row | {"text": "mail <EMAIL>"}]


def test_messages_and_fields_of_one_line_are_read_together() -> None:
    said = ["ask Anna Kowalska", "my mail is jane.doe", "@gmail.com", "Anna Kowalska knows"]
    row = {"title": "0151 234", "body": "5678", "messages": [{"role": "user", "content": text} for text in said]}
    (masked,) = lines(run(json.dumps(row), "--json", "title", "--json", "body", "--json", "messages"))
    assert (masked["title"], masked["body"]) == ("<PHONE>", "<PHONE>")
    assert [each["content"] for each in masked["messages"]] == [
        "ask <PERSON_1>",
        "my mail is <EMAIL>",
        "<EMAIL>",
        "<PERSON_1> knows",
    ]
    assert {each["role"] for each in masked["messages"]} == {"user"}


@pytest.mark.parametrize(
    "line", ["jane@example.com", '["jane@example.com"]', '{"text": "jane@example.com"', "[" * 90_000]
)
def test_what_is_no_object_is_masked_whole_and_counted(line: str) -> None:
    result = run(f'{line}\n\n{{"text": "fine"}}\n', "--json", "text")
    assert result.stdout == '"<SCRUB_FAILED>"\n\n{"text": "fine"}\n'
    assert result.stderr == "1 text(s) could not be scrubbed and were masked whole\n"


def test_texts_masked_whole_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_self: object, glance: Any) -> list[object]:
        raise ValueError(glance.text)

    monkeypatch.setattr(NameRecognizer, "find_alone", fail)
    result = run("jane@example.com\nhm\n")
    assert (result.exit_code, result.stdout) == (0, "<SCRUB_FAILED>\n" * 2)
    assert "2 text(s) could not be scrubbed" in result.stderr
    assert "jane" not in result.stderr


def test_spans_and_json_do_not_go_together() -> None:
    with pytest.raises(Exception, match="--spans and --json"):
        run("a\n", "--spans", "--json", "text")


def _start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", "from privacy_analytics.cli import main; main()", "scrub", "--tier", "fast"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_a_line_is_answered_before_the_next_one_comes() -> None:
    with _start() as pa:
        assert pa.stdin
        assert pa.stdout
        for text in (b"jane@example.com\n", b"hm jane@example.com\n"):
            pa.stdin.write(text)
            pa.stdin.flush()
            assert pa.stdout.readline() == text.replace(b"jane@example.com", b"<EMAIL>")
        pa.stdin.close()
        assert pa.wait() == 0


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    with _start() as pa:
        assert pa.stdin
        assert pa.stdout
        assert pa.stderr
        pa.stdout.close()
        pa.stdin.write(b"hm\n" * 10)
        pa.stdin.close()
        assert (pa.wait(), pa.stderr.read()) == (0, b"")


def test_workers_change_nothing() -> None:
    text = "mail jane@example.com\nask Anna Kowalska\n"
    assert run(text, "--workers", "2").stdout == "".join(
        each.text + "\n" for each in Scrubber("fast").scrub(text.splitlines())
    )
