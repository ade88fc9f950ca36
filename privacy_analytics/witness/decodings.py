"""The ways in which one text hides in another: encodings, escapes, tags, base64. Pure functions, no files."""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Iterable, Iterator

SEPARATOR = "\x01"  # between cells: neither white space nor NUL, so that nothing matches across two of them
CHUNK, OVERLAP = 4 << 20, 64 << 10  # bytes of text looked at together; multiples of 4, so that UTF-32 stays aligned
ROUNDS = 3  # escapes inside escapes: a JSON statistic inside a Delta log is escaped twice
BOMS = {b"\xff\xfe\0\0": "utf-32-le", b"\0\0\xfe\xff": "utf-32-be", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def chunks(data: bytes) -> Iterator[bytes]:
    """`data` in overlapping parts of about CHUNK bytes; none ends inside a base64 run, escaped line ends included."""
    start, end = 0, 0
    while end < len(data):
        cut = min(start + CHUNK, len(data))
        end = run.end() if (run := RUN.match(data, cut)) else cut
        yield data[start:end]
        start = (end - OVERLAP) & ~3


def wide_encoding(data: bytes) -> str | None:
    """The UTF-16 or UTF-32 that the first bytes of a text announce."""
    return next((codec for bom, codec in BOMS.items() if data.startswith(bom)), None)


def encodings(data: bytes, wide: str | None) -> Iterator[tuple[str, str]]:
    """(encoding, text) for each plausible reading of `data`; UTF-8 goes by the name ""."""
    text = data.decode("utf-8", "replace")
    yield "", text
    if "\ufffd" in text:
        yield "latin-1", data.decode("latin-1")
    if wide:
        yield wide, data.decode(wide, "replace")
    elif nul := data.count(0):
        yield "without NULs", data.replace(b"\0", b"").decode("latin-1")  # UTF-16 and UTF-32 at any offset
        if nul > len(data) // 8:
            yield "utf-16-le", data.decode("utf-16-le", "replace")
            yield "utf-16-be", data.decode("utf-16-be", "replace")


def views(text: str) -> Iterator[tuple[str, str]]:
    """(view, text) for `text` as it stands (the view "") and as a browser or a JSON parser would show it."""
    seen = {text}
    yield "", text
    for name, tag, plus in (("unescaped", None, "+"), ("without tags", "", "+"), ("tags as spaces", " ", " ")):
        before = text
        for _ in range(ROUNDS):
            after = unescaped(before if tag is None else TAG.sub(tag, before).replace("+", plus))
            if after == before:
                break
            if after not in seen:
                seen.add(after)
                yield name, after
            before = after


def unescaped(text: str) -> str:
    """`text` with JSON and Python escapes, HTML entities and percent signs decoded, one layer of each."""
    if "\\" in text:
        text = ESCAPE.sub(_escape, text).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if "&" in text:
        text = html.unescape(text)
    return PERCENT.sub(_percent, text)  # urllib's unquote is a hundred times slower on what is not ASCII


def base64_runs(text: str) -> set[str]:
    """The runs of 16 or more base64 letters in `text`, in the standard alphabet, line breaks removed."""
    return {run.translate(STANDARD) for run in BASE64.findall(text)}


def unbase64(runs: Iterable[str]) -> bytes:
    """The decoded runs, separated."""
    return binascii.a2b_base64("AQEB".join(run + "A" * (-len(run) % 4) for run in runs))  # AQEB: three separators


def base64_prefix(magic: bytes) -> str:
    """How the base64 of everything that starts with `magic` starts."""
    return binascii.b2a_base64(magic)[: len(magic) * 8 // 6].decode()


def _escape(match: re.Match[str]) -> str:
    code = match[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else WHITE.get(code, code)


def _percent(match: re.Match[str]) -> str:
    return bytes.fromhex(match[0].replace("%", "")).decode("utf-8", "replace")


ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|["\'\\/nrt])')
WHITE = {"n": "\n", "r": "\r", "t": "\t"}
PERCENT = re.compile(r"%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*")  # begins with a letter, so that the search skips to it
TAG = re.compile(r"</?[A-Za-z!?][^<>\x01]*>")
BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{16,}(?:\r?\n[A-Za-z0-9+/_-]+)*")
RUN = re.compile(rb"[A-Za-z0-9+/_=\\%\r\n-]*")
STANDARD = str.maketrans("-_", "+/", "\r\n")
