"""``pa scrub``: a filter from standard input to standard output, one text a line."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from io import BufferedReader
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from privacy_analytics.cli.logs import note
from privacy_analytics.errors import UsageError

if TYPE_CHECKING:
    from privacy_analytics.scrub import Scrubber

Place = tuple[Any, Any]
"""A list or an object, and where in it a string stands."""
SIZE = 1 << 20
"""Bytes read at once, at most."""


@click.command()
@click.option("--tier", type=click.Choice(["fast", "standard"]), default="standard", show_default=True)
@click.option("--spans", is_flag=True, help="Print JSON lines: the text scrubbed, and where and what was masked.")
@click.option(
    "--json", "fields", metavar="FIELD", multiple=True, help="Lines are JSON objects; scrub this field. Repeat."
)
@click.option("--workers", type=click.IntRange(0, 2), default=0, show_default=True, help="2: two processes.")
def scrub(tier: Literal["fast", "standard"], spans: bool, fields: tuple[str, ...], workers: int) -> None:
    """Scrub texts: one a line in, one a line out.

    Of a JSON object only the named fields are touched: every string in them, which are read together, so a list of
    messages is a conversation. What is no JSON object, and a text that cannot be scrubbed, becomes <SCRUB_FAILED>.
    """
    if spans and fields:
        raise UsageError("Choose one of --spans and --json.")
    from tqdm import tqdm

    from privacy_analytics.scrub import Scrubber

    out = sys.stdout.buffer
    watched = sys.stderr.isatty() and not sys.stdin.isatty() and not sys.stdout.isatty()
    bad = 0
    with Scrubber(tier, workers=workers) as scrubber, tqdm(unit=" texts", unit_scale=True, disable=not watched) as bar:
        try:
            for lines in _batches(cast("BufferedReader", sys.stdin.buffer)):
                texts = [line.decode(errors="surrogateescape") for line in lines]
                if fields:
                    done, broken = _fields(scrubber, texts, fields)
                    bad += broken
                else:
                    done = _lines(scrubber, texts, spans=spans)
                out.write("".join(done).encode(errors="surrogateescape"))
                out.flush()
                bar.update(len(lines))
        except BrokenPipeError:  # who reads has enough; nor may the interpreter try again when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if bad := bad + scrubber.counts["failed"]:
        note(f"{bad:,} text(s) could not be scrubbed and were masked whole")


def _batches(source: BufferedReader) -> Iterator[list[bytes]]:
    """Whole lines, as many as there are to read now: who writes line by line is answered line by line."""
    begun: list[bytes] = []
    while piece := source.read1(SIZE):
        whole, end, rest = piece.rpartition(b"\n")
        if end:
            yield [line + end for line in b"".join([*begun, whole]).split(end)]
            begun = []
        begun.append(rest)
    if last := b"".join(begun):
        yield [last]


def _lines(scrubber: Scrubber, lines: list[str], *, spans: bool) -> Iterator[str]:
    texts = [line.rstrip("\r\n") for line in lines]
    for line, text, scrubbed in zip(lines, texts, scrubber.scrub(texts), strict=True):
        if spans:
            yield _json({"text": scrubbed.text, "spans": [span._asdict() for span in scrubbed.spans]})
        else:
            yield scrubbed.text + line[len(text) :]


def _fields(scrubber: Scrubber, lines: list[str], fields: tuple[str, ...]) -> tuple[list[str], int]:
    """The lines with their fields scrubbed, and how many of them are no JSON objects."""
    from privacy_analytics.scrub.scrubber import FAILED

    rows = [_row(line, fields) for line in lines]
    there = [(number, place) for number, (_, places) in enumerate(rows) for place in places]
    said = [holder[key] for _, (holder, key) in there]
    scrubbed = scrubber.scrub(said, conversations=[number for number, _ in there])
    for (_, (holder, key)), each in zip(there, scrubbed, strict=True):
        holder[key] = each.text
    bad = [row is None and bool(line.strip()) for line, (row, _) in zip(lines, rows, strict=True)]
    done = [
        _json(FAILED) if broken else _json(row) if row is not None else line
        for line, (row, _), broken in zip(lines, rows, bad, strict=True)
    ]
    return done, sum(bad)


def _row(line: str, fields: tuple[str, ...]) -> tuple[dict[str, Any] | None, list[Place]]:
    """A line's object and the strings to scrub in it; None and nothing where it is no object."""
    try:
        row = json.loads(line)
        return (row, _strings(row, fields)) if isinstance(row, dict) else (None, [])
    except (ValueError, RecursionError):
        return None, []


def _strings(row: dict[str, Any], fields: tuple[str, ...]) -> list[Place]:
    """Where strings stand in some fields; those of equal name follow each other, so messages are neighbours."""
    places: dict[tuple[str, ...], list[Place]] = {}

    def walk(holder: Any, key: Any, path: tuple[str, ...]) -> None:
        value = holder[key]
        if isinstance(value, str):
            places.setdefault(path, []).append((holder, key))
        elif isinstance(value, list):
            for index in range(len(cast("list[Any]", value))):
                walk(value, index, path)
        elif isinstance(value, dict):
            for name in cast("dict[str, Any]", value):
                walk(value, name, (*path, name))

    for field in fields:
        if field in row:
            walk(row, field, (field,))
    return [place for group in places.values() for place in group]


def _json(value: Any) -> str:
    """One line; a byte that was no UTF-8 is escaped, so that the line is JSON."""
    text = json.dumps(value, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value)
    return text + "\n"
