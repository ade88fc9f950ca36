"""A plain copy of a text for scanning, with every character's place in the original.

Undone are the usual disguises: invisible and bidirectional characters (Unicode TR 36), full-width and
styled letters (NFKC, character by character), letters of other scripts that look Latin (Unicode TS 39) and
percent-encoding. The copy is only scanned; what is masked is the original.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import lru_cache

from privacy_analytics.scrub.spans import Span

_LOOKALIKES = dict(
    zip(
        "АВЕКМНОРСТХУІЈЅаеорсухіјѕԁһԛԝґ" + "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧοανιρ" + "‘’ʼ´“”‐‑‒–—−⁄∕",
        "ABEKMHOPCTXYIJSaeopcyxijsdhqwr" + "ABEZHIKMNOPTYXoavip" + "''''\"\"------//",
        strict=True,
    )
)
_PERCENT = re.compile(r"%[2-7][0-9A-Fa-f]")


@dataclass(frozen=True, slots=True)
class Scanned:
    """The copy to scan; ``starts`` and ``ends`` are the original range of each of its characters."""

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def original(self, span: Span) -> Span:
        """The same span in the original text."""
        if self.starts is None or self.ends is None:
            return span
        return replace(span, start=self.starts[span.start], end=self.ends[span.end - 1])


def normalize(text: str) -> Scanned:
    """Undo disguises; an ASCII text without percent-encoding is returned as it is."""
    if text.isascii() and not _PERCENT.search(text):
        return Scanned(text)
    copy: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    while at < len(text):
        encoded = _PERCENT.match(text, at) if text[at] == "%" else None
        plain = chr(int(encoded.group()[1:], 16)) if encoded else _plain(text[at])
        end = encoded.end() if encoded else at + 1
        copy.append(plain)
        starts.extend([at] * len(plain))
        ends.extend([end] * len(plain))
        at = end
    return Scanned("".join(copy), tuple(starts), tuple(ends))


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    if char.isascii():
        return char
    if char in _LOOKALIKES:
        return _LOOKALIKES[char]
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if category == "Cs":  # a lone surrogate cannot be encoded
        return "\ufffd"
    return "".join(_LOOKALIKES.get(c, c) for c in unicodedata.normalize("NFKC", char))
