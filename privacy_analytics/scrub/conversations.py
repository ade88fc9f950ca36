# ruff: noqa: SIM905  lists of words read better as text
"""What is split over two neighbouring texts: two messages of a chat, or title and body of a ticket.

The end of one text and the start of the next are read together, joined by nothing and by a space. What counts is
what crosses the seam, and a value whose cue is the last thing that was said before it. Two ordinary messages often
look like something when they are glued ("order 12" / "345 bpm"), so a crossing must also look like a cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from privacy_analytics.scrub.normalize import Scanned
from privacy_analytics.scrub.spans import Span

WINDOW = 256
"""Characters that are read on each side of a seam."""
_WHOLE = frozenset({"PERSON", "LOCATION", "ADDRESS"})
"""Never glued of two parts: neighbouring messages often end and start with a name, or with a number and a word."""
_CODES = frozenset({"API_KEY", "LICENSE_KEY", "DEVICE_ID", "IP", "MAC", "URL"})
"""Types that are cut anywhere; others where they have a sign."""
_CHECKED = frozenset({"IBAN"})
"""Types with check digits that no chance fulfils."""
_MAIL = re.compile(r"mail|outlook|yahoo|icloud|proton|gmx|aol|[\d._+-]\w{0,64}@", re.IGNORECASE)
_SIGN = re.compile(r"[@_+/%=#:\\-]$|\d\.$")
_SIGN_FIRST = re.compile(r"[@_+/%=#:\\.-]\w")
_PARTS = re.compile(r"[\d@_+/%=#-]|\w\.\w|^\.\w|\w\.$")
_NAMED = frozenset("is was are am im i'm it's its called named mr mrs ms miss mx dr prof name names".split())
_CUES = _NAMED | frozenset(
    "as at be born by birthday call cell code dob dot email from handle id in key licence license live login mail me "
    "mobile near nick no nr number on password pass passcode passphrase passport phone pin pw pwd serial sn ssn tel "
    "text ticket to token user username whatsapp".split()
)
"""Words that ask for a value; after the first ones it is a name."""
_SPELLED = frozenset({"at", "dot", "@"})


class Found(NamedTuple):
    """A text, its plain copy, and the spans found in it alone (indices of the text)."""

    text: str
    copy: Scanned
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a seam: the part that is read, and where in the copy it begins."""

    found: Found
    part: str
    offset: int

    def original(self, start: int, end: int, like: Span) -> Span:
        """A range of the part as a span of the text."""
        return self.found.copy.original(like._replace(start=start + self.offset, end=end + self.offset))

    def shows(self, span: Span) -> bool:
        """Whether this side alone shows something there; "@gmail.com" alone is a handle, yet half an e-mail."""
        near = (s for s in self.found.spans if s.start < span.end and span.start < s.end)
        return any(s.type == span.type or span.type != "EMAIL" for s in near)


Look = Callable[[str], list[Span]]


def across(left: Found, right: Found, rules: Look, own: Look) -> tuple[list[Span], list[Span]]:
    """Spans of the left text and of the right one that only show when both are read together.

    ``rules`` and ``own`` give the spans of a joined text. Own identifiers count wherever they cross: a keyed hash
    does not err.
    """
    before, after = _tail(left), _head(right)
    lefts: list[Span] = []
    rights: list[Span] = []
    for gap in ("", " ") if before.part and after.part else ():
        seam = _Seam(before, after, gap)
        split = [span for span in own(seam.text) if seam.crossed_by(span)]
        if seam.is_worth_a_look():
            found = rules(seam.text)
            split += [span for span in found if seam.crossed_by(span) and seam.is_cut(span)]
            rights += [seam.right(span) for span in found if seam.asks_for(span)]
        lefts += map(seam.left, split)
        rights += map(seam.right, split)
    return lefts, rights


@dataclass(frozen=True, slots=True)
class _Seam:
    """The end of one text and the start of the next, read together."""

    before: _Side
    after: _Side
    gap: str

    @property
    def text(self) -> str:
        return self.before.part + self.gap + self.after.part

    @property
    def start(self) -> int:
        """Where the text after begins."""
        return len(self.before.part) + len(self.gap)

    def left(self, span: Span) -> Span:
        """What of a span lies in the text before, as a span of that text."""
        return self.before.original(span.start, len(self.before.part), span)

    def right(self, span: Span) -> Span:
        """What of a span lies in the text after, as a span of that text."""
        return self.after.original(max(span.start - self.start, 0), span.end - self.start, span)

    def crossed_by(self, span: Span) -> bool:
        return span.start < len(self.before.part) and span.end > self.start

    def is_worth_a_look(self) -> bool:
        """Whether the words at the seam look like parts of something, or like a cue; most do not."""
        last, first = self.before.part.rsplit(maxsplit=1)[-1].lower(), self.after.part.split(maxsplit=1)[0].lower()
        if not self.gap:
            return bool(_PARTS.search(last.rstrip(",!?;:)")) or _PARTS.search(first.rstrip(".,!?;:)")))
        numbers = _has_digit(last) and _has_digit(first)
        return numbers or _cue(last) in _CUES or last[-1] in ":=#" or not _SPELLED.isdisjoint((last, first))

    def asks_for(self, span: Span) -> bool:
        """Whether a span is a value whose cue ends the text before, and which is nothing by itself."""
        if not 0 <= span.start - self.start <= len(self.gap) or self.after.shows(self.right(span)):
            return False
        last = self.before.part.rsplit(maxsplit=1)[-1].lower()
        if not self.gap:
            return last[-1] in "/\\=:"
        return last[-1] in ":=#" or _cue(last) in (_NAMED if span.type == "PERSON" else _CUES)

    def is_cut(self, span: Span) -> bool:
        """Whether what crosses was one thing before somebody sent it in two messages."""
        before, after = self.text[span.start : len(self.before.part)], self.text[self.start : span.end]
        if span.type in _CHECKED and before.isupper():
            return True
        code = span.type in _CODES
        signed = _SIGN.search(before) is not None or _SIGN_FIRST.match(after) is not None
        if (
            span.type in _WHOLE
            or (self.before.shows(self.left(span)) and not _is_fragment(after, self.after.part, loose=code and signed))
            or (
                self.after.shows(self.right(span)) and not _is_fragment(before, self.before.part, loose=code and signed)
            )
        ):
            return False
        if span.type == "EMAIL":
            return bool(self.gap or _MAIL.search(before + after)) or "mail" in self.before.part.lower()
        if self.gap or (signed and not code):
            return _has_digit(before) and _has_digit(after)
        if signed:
            return _has_digit(before + after)
        return code and (_has_digit(before) or "-" in before) and (_has_digit(after) or after.isupper())


def _tail(found: Found) -> _Side:
    end = len(found.copy.text.rstrip())
    at = max(0, end - WINDOW)
    return _Side(found, found.copy.text[at:end], at)


def _head(found: Found) -> _Side:
    text = found.copy.text
    at = len(text) - len(text.lstrip())
    return _Side(found, text[at : at + WINDOW], at)


def _cue(word: str) -> str:
    return word.strip(".,\"'`(-")


def _is_fragment(piece: str, message: str, *, loose: bool) -> bool:
    """Whether what is beside a complete identifier looks like more of it: a long mix, or a message of its own."""
    return _has_digit(piece) and (loose or len(piece) >= 8 or (len(piece) >= 4 and piece == message.strip()))


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))
