"""The second look, at whatever a file says: canaries in any disguise, shapes of identities, and our own scrubber.

No list of people's identifiers is kept for it. Whatever it finds, another rule should have kept back already.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from privacy_analytics.gate.findings import Finding, Vouched

if TYPE_CHECKING:
    from privacy_analytics.scrub import Scrubber

Block = tuple[str, str, bool]
"""A text that people read, with its place and whether it is shipped with the package."""
NAMES = frozenset({"PERSON", "LOCATION"})
"""What the scrubber finds by lists and cues, not by shape; our own prose has words that look like one."""
_SHAPES = {
    "an e-mail address": re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"),
    "a telephone number": re.compile(
        r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)|\d{2,4})[ .-]\d{3,4}[ .-]\d{3,5}(?![\w.])"
    ),
    "a home folder": re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)\w+"),
}


def identities(text: str, vouched: Vouched, blocks: Iterable[Block] = ()) -> Iterator[Finding]:
    """What looks like somebody in a file's text, and in the blocks of it that people read."""
    forbidden = [folded for canary in vouched.canaries if (folded := _folded(canary))]
    if has_canary(text, vouched):
        place = _place(text, lambda found: any(canary in _folded(found) for canary in forbidden))
        what = "a canary (perhaps encoded) is in the file; find out which step let it through"
        yield Finding("identities", place, what)
    known = {_folded(entry) for entry in vouched.allowed}
    shown = visible(text, "\n")
    for shape, pattern in _SHAPES.items():
        found = {match.group() for match in pattern.finditer(shown) if _folded(match.group()) not in known}
        if found:
            place = _place(text, lambda row, found=found: any(one in row for one in found))
            yield Finding("identities", place, shape)
    yield from _scrubbed(blocks, known)


def has_canary(text: str, vouched: Vouched) -> bool:
    """Whether a canary is in the text, as it stands or however somebody could decode it."""
    forbidden = [folded for canary in vouched.canaries if (folded := _folded(canary))]
    readings = [_folded(reading) for reading in _readings(text)] if forbidden else []
    return any(canary in reading for reading in readings for canary in forbidden)


def visible(text: str, gap: str) -> str:
    """What is read on a page or heard of it, with a gap where markup was."""
    shown = re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL)
    spoken = " ".join(re.findall(r'aria-label="([^"]*)"', shown))
    return html.unescape(re.sub(r"<[^>]*>", gap, shown) + "\n" + spoken)


def _scrubbed(blocks: Iterable[Block], known: set[str]) -> Iterator[Finding]:
    """What our scrubber would mask in prose that people wrote."""
    read = list(blocks)
    for (place, text, shipped), result in zip(read, _scrubber().scrub([text for _, text, _ in read]), strict=True):
        if result.failed:
            yield Finding("identities", place, "a text that the scrubber cannot read")
        kinds = {
            span.type
            for span in result.spans
            if not (shipped and span.type in NAMES)
            and not any(_folded(text[span.start : span.end]) in entry for entry in known)
        }
        for kind in sorted(kinds):
            yield Finding("identities", place, f"the scrubber takes a word here for {kind}; write it in other words")


@cache
def _scrubber() -> Scrubber:
    """Patterns, cues and name lists, by Presidio; loaded on first use (about a second)."""
    from privacy_analytics.scrub import Scrubber

    return Scrubber("fast")


def _readings(text: str) -> Iterator[str]:
    """The file as it is, and as a browser or a curious reader could decode it."""
    readings = {text, visible(text, ""), visible(text, " ")}
    for _ in range(3):
        readings |= {unquote(html.unescape(reading)) for reading in readings}
    yield from readings
    joined = "\n".join(readings)
    for run in set(re.findall(r"[A-Za-z0-9+/_-]{8,}", joined)) | set(
        re.findall(r"[A-Za-z0-9+/_-]{8,}", re.sub(r"\s", "", joined))
    ):
        for start in range(4):
            yield _base64(run[start:])


def _base64(run: str) -> str:
    """The text in a run of base64, also of its URL-safe kind; empty where it is none."""
    whole = run[: len(run) - len(run) % 4 if len(run) % 4 == 1 else len(run)]
    try:
        return base64.b64decode(whole + "=" * (-len(whole) % 4), altchars=_altchars(whole)).decode("utf-8", "ignore")
    except binascii.Error:
        return ""


def _altchars(run: str) -> bytes | None:
    return b"-_" if "-" in run or "_" in run else None


def _folded(text: str) -> str:
    """Compared without case, compatibility forms, white space and invisible characters."""
    normal = unicodedata.normalize("NFKC", text)
    return "".join(c for c in normal if not c.isspace() and unicodedata.category(c) != "Cf").casefold()


def _place(text: str, holds: Callable[[str], bool]) -> str:
    """The first line for which it holds; what is only there when decoded has no line of its own."""
    return f"line {next((number for number, row in enumerate(text.split(chr(10)), 1) if holds(row)), 1)}"
