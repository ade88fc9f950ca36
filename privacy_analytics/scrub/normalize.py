"""A plain copy of a text for scanning, with every character's place in the original.

Undone are the usual disguises: escapes of the web and of programs (RFC 3986, HTML, JSON), up to `DEPTH` of them
around each other; characters that show nothing (Default_Ignorable_Code_Point, UAX 44; hidden text in tag
characters is read); stacked marks; styled, full-width and enclosed letters (NFKC, UAX 15, character by
character); letters of other scripts that look Latin (a selection of the confusables of Unicode TS 39, upper
case kept apart from lower); the digits of all scripts. The copy is only scanned; what is masked is the original.
"""

from __future__ import annotations

import html
import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from privacy_analytics.scrub.spans import Span

DEPTH = 3
"""Escapes inside each other, as in ``%252540``."""

Piece = tuple[int, int, str]
"""A range of a text, and what is read there."""

_LETTERS = {
    "A": "АΑᎪꓮ𐊠ᗅ", "B": "ВΒᏴꓐꞴ𐊂", "C": "СϹᏟꓚⲤ𐐕", "D": "ᎠꓓᗞᗪԀ", "E": "ЕΕᎬꓰⴹ𐊆", "F": "ϜꓝᖴꞘ", "G": "ԌᏀꓖᏳ",
    "H": "НΗᎻꓧⲎ", "I": "ІӀΙⲒꓲ", "J": "ЈͿᎫꓙᒍꞲ", "K": "КΚᏦꓗⲔᛕ", "L": "ᏞꓡᒪⳐ", "M": "МΜᎷꓟⲘϺ", "N": "ΝꓠⲚ", "O": "ОΟՕꓳⲞⵔ",
    "P": "РΡᏢꓑⲢᑭ", "Q": "Ԛⵕ", "R": "ᎡᏒꓣᖇƦ", "S": "ЅՏᏚᏕꓢ", "T": "ТΤᎢꓔⲦ", "U": "ՍꓴᑌႮ", "V": "ѴᏙꓦⴸᐯ", "W": "ԜᎳᏔꓪ",
    "X": "ХΧꓫⲬꞳ", "Y": "УҮΥϒᎩᎽꓬⲨ", "Z": "ΖᏃꓜ",
    "a": "аαɑᴀ⍺", "b": "ЬƄᏏʙᖯ", "c": "сϲᴄⲥꮯ", "d": "ԁᏧᴅꓒᑯ", "e": "еєҽᴇɛε℮ꬲ", "f": "քꞙẝꜰ", "g": "ɡցɢᶃԍ", "h": "һհᏂʜ",
    "i": "іιıɩɪᎥꙇ⍳", "j": "јȷᴊϳ", "k": "κᴋⲕĸ", "l": "ʟӏǀ", "m": "ᴍ", "n": "ոռηɴ", "o": "оοօσᴏᴑⲟჿ", "p": "рρϱᴘⲣ⍴",
    "q": "ԛգզ", "r": "гґᴦʀꭇⲅɼ", "s": "ѕꜱꮪƽ", "t": "τᴛ", "u": "υսᴜʋꞟ", "v": "ѵνᴠꮩ", "w": "ѡԝաᴡꮃɯ", "x": "хχ᙮ᕁ",
    "y": "уүγʏɣყ", "z": "ᴢꮓ",
    "'": "‘’‛ʼ´′‵", '"': "“”„‟″", "-": "‐‑‒–—―−⁃➖", "/": "⁄∕⧸", "\\": "∖⧵", ".": "。۔ꓸ܁܂", ":": "∶꞉ː", "+": "➕",
    "%": "٪", ",": "،", " ": "\u2800", "\n": "\u2028\u2029\x85",
}  # fmt: skip
_LOOKALIKES = {like: plain for plain, likes in _LETTERS.items() for like in likes} | {
    chr(first + place): letter
    for first in (0x1F150, 0x1F170)  # white on black, round and square
    for place, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}
_FILLERS = re.compile("[\u115f\u1160\u3164\uffa0\u2065\ufff0-\ufff8\U000e0000-\U000e0fff]")
"""Default_Ignorable_Code_Point that is neither a mark nor a format character."""

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_ODD = re.compile(r"[^\t-\r\x1c-\x7e]")
"""All but plain ASCII: what may look like something else."""
_PLAIN_TEXT = bytes(code for code in (*range(9, 14), *range(28, 127)) if chr(code) not in "%&\\")
"""Plain ASCII that no `_ESCAPE` begins with."""
_SIGN = re.compile("[%&\\\\\ud800-\udbff\U000e0020-\U000e007e]")
"""What every `_ESCAPE` begins with."""
_HEX = "[0-9A-Fa-f]"
_ESCAPE = re.compile(
    rf"%(?P<octets>{_HEX}{{2}}(?:%{_HEX}{{2}})*)"
    rf"|&(?:#\d{{2,7}}|#[xX]{_HEX}{{2,6}}|[A-Za-z][A-Za-z0-9]{{1,30}}(?=;));?"
    rf"|(?:%|\\{{1,4}})(?:u|U0000)(?P<unit>{_HEX}{{4}})"
    rf"|\\{{1,4}}u\{{(?P<point>{_HEX}{{2,6}})\}}"
    rf"|\\{{1,4}}x(?P<octet>(?!64|32)[2-7]{_HEX})"  # folders are called x64 and x32
    r"|(?P<pair>[\ud800-\udbff][\udc00-\udfff])"
    r"|(?P<tags>[\U000e0020-\U000e007e]{4,})"
)
_MARK = re.compile("[\u0300-\u036f]")
_ACCENTED = re.compile(r"[^\W\d_][\u0300-\u036f]{1,3}")
_UNEVEN = re.compile(r"\x00+|[^\x00-\x7f]")


class Scanned(NamedTuple):
    """The copy to scan; ``starts`` and ``ends`` are the original range of each of its characters.

    What the copy leaves out belongs to the character before it; after white space, to the one behind it.
    """

    text: str
    starts: Sequence[int] | None = None
    ends: Sequence[int] | None = None

    def original(self, span: Span) -> Span:
        """The same span in the original text."""
        if self.starts is None or self.ends is None:
            return span
        return Span(self.starts[span.start], self.ends[span.end - 1], span.type, span.score)

    def read_as(self, pieces: Iterable[Piece]) -> Scanned:
        """With ``pieces`` of the copy, disjoint and in order, read as something else."""
        old_starts = range(len(self.text)) if self.starts is None else self.starts
        old_ends = range(1, len(self.text) + 1) if self.ends is None else self.ends
        parts: list[str] = []
        starts, ends = array("I"), array("I")
        at = 0
        behind: list[tuple[int, int]] = []
        for start, end, read in (*pieces, (len(self.text), len(self.text), "")):
            parts += self.text[at:start], read
            starts.extend(old_starts[at:start])
            ends.extend(old_ends[at:start])
            if read:
                starts.extend([old_starts[start]] * len(read))
                ends.extend([old_ends[end - 1]] * len(read))
            elif start < end and start and not self.text[start - 1].isspace():
                ends[-1] = old_ends[end - 1]
            elif start < end:
                behind.append((len(starts), old_starts[start]))
            at = end
        for place, start in behind:
            if place < len(starts):
                starts[place] = start
            elif ends:
                ends[-1] = old_ends[-1]
        return Scanned("".join(parts), starts, ends)


def normalize(text: str) -> Scanned:
    """Undo disguises, in time linear in the length; a plain ASCII text without escapes is returned as it is."""
    scanned = Scanned(text)
    if text.isascii() and not text.encode().translate(None, _PLAIN_TEXT):
        return scanned
    for _ in range(DEPTH):
        if not _SIGN.search(scanned.text):
            break
        pieces = [piece for match in _ESCAPE.finditer(scanned.text) for piece in _unescaped(match)]
        if not pieces:
            break
        scanned = scanned.read_as(pieces)
    return scanned if not _ODD.search(scanned.text) else _folded(_composed(scanned))


def _unescaped(match: re.Match[str]) -> Iterator[Piece]:
    start, end = match.span()
    kind, code = match.lastgroup, match[match.lastgroup] if match.lastgroup else match[0]
    if kind == "octets":
        for char in bytes.fromhex(code.replace("%", "")).decode("utf-8", "surrogateescape"):
            end = start + 3 * len(char.encode("utf-8", "surrogateescape"))
            if not "\udc80" <= char <= "\udcff":  # an octet that is no UTF-8 stays as it is written
                yield start, end, char
            start = end
    elif kind == "tags":
        for place, char in enumerate(code, start):
            yield place, place + 1, chr(ord(char) - 0xE0000)
    elif kind == "pair":
        yield start, end, code.encode("utf-16", "surrogatepass").decode("utf-16")
    elif kind is None:
        read = html.unescape(code)
        if read and read != code:
            yield start, end, read
    elif int(code, 16) < 0x110000:
        yield start, end, chr(int(code, 16))


def _composed(scanned: Scanned) -> Scanned:
    """Letters with their accents as one character (NFC); if one has none such, marks are noise, and none is."""
    if not _MARK.search(scanned.text):
        return scanned
    pieces = [(*match.span(), unicodedata.normalize("NFC", match[0])) for match in _ACCENTED.finditer(scanned.text)]
    return scanned.read_as(pieces) if pieces and all(len(read) == 1 for _, _, read in pieces) else scanned


def _folded(scanned: Scanned) -> Scanned:
    """Every character as the plain ones that it looks like."""
    plain = {char: _plain(char) for char in set(_ODD.findall(scanned.text))}
    even = {char: read if len(read) == 1 else char if read else "\0" for char, read in plain.items()}
    folded = scanned._replace(text=_ODD.sub(lambda match: even[match[0]], scanned.text))
    if even == plain:
        return folded
    pieces = [
        (match.start(), match.end(), plain.get(match[0], ""))
        for match in _UNEVEN.finditer(folded.text)
        if match[0][0] == "\0" or len(plain.get(match[0], "")) > 1
    ]
    return folded.read_as(pieces)


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """What a character looks like; nothing for one that is not seen."""
    if char in _LOOKALIKES:
        return _LOOKALIKES[char]
    if char.isascii():
        return "" if _CONTROLS.match(char) else char
    category = unicodedata.category(char)
    if category[0] == "M" or category in ("Cf", "Cc") or _FILLERS.match(char):
        return ""
    if category == "Cs":  # a lone surrogate cannot be encoded
        return "\ufffd"
    if category == "Zs":
        return " "
    if (digit := unicodedata.digit(char, None)) is not None:
        return str(digit)
    read = unicodedata.normalize("NFKC", char)
    if category == "So" and read.startswith("("):  # a letter in parentheses
        read = read[1:-1]
    return "".join(_LOOKALIKES.get(c, c) for c in read if unicodedata.category(c)[0] != "M")
