"""An HTML page: proven fragments, and around them the template and the prose of the notebook.

1. Every fragment is drawn again from the release store and compared byte by byte.
2. What stands around them is known, block by block, by its hash.
3. Even so it is read: a short list of elements and attributes, no script, load, frame, form or comment, and no digit
   but in a few texts that the caller names. What the site's own pages may have beside that is in ``gate.site``.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.gate import site
from privacy_analytics.gate.findings import Finding, Vouched, digest, line
from privacy_analytics.gate.fragments import Cut, cut
from privacy_analytics.gate.identities import Block, identities, visible

_METAS = frozenset(
    {
        (("charset", "utf-8"),),
        (("content", "width=device-width, initial-scale=1"), ("name", "viewport")),
    }
)
_HELD = ("style", "script")
"""What holds bytes of the house and no prose."""
_CUT = "<br>"
"""Stands where a proven fragment was, so that what surrounds it does not grow together."""
_PROSE = re.compile(r'(<section class="prose">.*?</section>)', re.DOTALL)
"""How a page wraps the prose of one cell; raw HTML in prose is text, so it cannot close it."""


def examine(data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps a page back."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return [Finding("readable", "line 1", "the page is not UTF-8")]
    parts = cut(text, store)
    blocks = list(_blocks(parts, text))
    findings = parts.findings + _markup(_marked(parts, text), text, vouched)
    for place, block in blocks:
        if digest(block) not in vouched.prose:
            what = "text that is neither the template's nor the notebook's; write it in a markdown cell, and run again"
            findings.append(Finding("prose", place, what))
    return findings + list(identities(text, vouched, [*_read(blocks, vouched), *_titles(parts)]))


def blocks(text: str) -> frozenset[str]:
    """``digest`` of every block of a page without fragments, such as the template with a notebook that did not run."""
    return frozenset(digest(block) for _, block in _blocks(Cut([(0, text)], [], []), text))


def _blocks(parts: Cut, text: str) -> Iterator[tuple[str, str]]:
    """What stands around the fragments: each cell's prose and what the template says between, with its place."""
    for start, piece in parts.pieces:
        at = start
        for block in _PROSE.split(piece):
            if block.strip():
                yield line(text, at + len(block) - len(block.lstrip())), block
            at += len(block)


def _read(blocks: list[tuple[str, str]], vouched: Vouched) -> Iterator[Block]:
    for place, block in blocks:
        yield place, visible(block, " "), digest(block) in vouched.shipped


def _titles(parts: Cut) -> Iterator[Block]:
    """The words that a notebook gave its figures."""
    for spec in parts.specs:
        options: dict[str, Any] = json.loads(spec)["options"]
        for name in ("title", "says", "labels", "names"):
            given = options.get(name, [])
            for text in [given] if isinstance(given, str) else given:
                yield f"a figure's {name}", text, False


def _marked(parts: Cut, text: str) -> str:
    """The page with a mark for each fragment; its lines stay."""
    gaps = [
        _CUT + "\n" * text.count("\n", start + len(piece), following)
        for (start, piece), (following, _) in zip(parts.pieces, parts.pieces[1:], strict=False)
    ]
    return "".join(piece + gap for (_, piece), gap in zip(parts.pieces, [*gaps, ""], strict=True))


def _markup(prose: str, text: str, vouched: Vouched) -> list[Finding]:
    reader = _Reader(vouched)
    reader.feed(prose)
    reader.close()
    findings = reader.findings
    if reader.is_open:
        findings.append(Finding("markup", "line 1", "a style sheet or script without an end"))
    for number, row in enumerate(text.split("\n"), 1):
        if any(unicodedata.category(character) == "Cc" and character != "\t" for character in row):
            findings.append(Finding("markup", f"line {number}", "a control character"))
            break
    if not text.startswith("<!doctype html>"):
        findings.append(Finding("markup", "line 1", "the page does not start with <!doctype html>"))
    if not reader.has_csp:
        findings.append(Finding("markup", "line 1", "no content security policy, or another than the house's"))
    return findings


class _Reader(HTMLParser):
    """Reads what stands around the fragments; everything that is not on its lists is a finding."""

    def __init__(self, vouched: Vouched) -> None:
        super().__init__(convert_charrefs=False)
        self.findings: list[Finding] = []
        self.has_csp = False
        self._house = site.house(vouched.site)
        self._inside = ""
        self._held = ""
        self._mails = {f"mailto:{text}" for text in vouched.allowed if "@" in text}
        longest = sorted((re.escape(text) for text in vouched.allowed if text), key=len, reverse=True)
        self._allowed = (
            re.compile(rf"(?<![\w.,])(?:{'|'.join(longest)})(?![\w]|[.,]\w)") if longest else re.compile(r"(?!)")
        )

    @property
    def is_open(self) -> bool:
        """Whether the page ended inside a style sheet or script, where nothing is read as prose."""
        return self._inside in _HELD

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        if tag not in self._house.elements:
            self._find("an element that no report has (script, frame, image, form and the like)")
        if tag == "meta":
            given = tuple(sorted((name, value or "") for name, value in attrs))
            is_csp = given == (("content", self._house.csp), ("http-equiv", "Content-Security-Policy"))
            self.has_csp |= is_csp
            if not is_csp and given not in _METAS:
                self._find("a meta element that no report has")
            return
        for name, value in attrs:
            if name not in self._house.attributes or tag == "script":
                self._find("an attribute that no report has (event handlers, style, src and the like)")
            elif name == "href":
                self._link(tag, value or "")
            else:
                self._prose(value or "", "an attribute")
            if "<" in (value or ""):
                self._find("a broken tag")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style" and self._held != self._house.style:
            self._find("a style sheet that is not the house's")
        if tag == "script" and self._held != self._house.script:
            self._find("a script that is not the house's, or stands on another page than the site's index")
        self._inside = self._held = ""

    def handle_data(self, data: str) -> None:
        if self._inside in _HELD:
            self._held += data
            return
        if "<" in data:
            self._find("a broken tag")
        self._prose(data, "prose")

    def handle_entityref(self, name: str) -> None:
        self._prose(html.unescape(f"&{name};"), "prose")

    def handle_charref(self, name: str) -> None:
        self._prose(html.unescape(f"&#{name};"), "prose")

    def handle_comment(self, data: str) -> None:  # noqa: ARG002  # the parser's signature
        self._find("a comment")

    def handle_decl(self, decl: str) -> None:
        if decl != "doctype html" or self.getpos() != (1, 0):
            self._find("a declaration")

    def handle_pi(self, data: str) -> None:  # noqa: ARG002  # the parser's signature
        self._find("a processing instruction")

    def unknown_decl(self, data: str) -> None:  # noqa: ARG002  # the parser's signature
        self._find("a declaration")

    def _link(self, tag: str, target: str) -> None:
        inside = self._house.link.fullmatch(target)
        if tag != "a" or not (target in self._mails or inside):
            self._find("a link that leaves the page: only #anchors, files beside it and the contact address may stand")
        self._prose(target, "a link")

    def _prose(self, text: str, where: str) -> None:
        if any(character.isnumeric() for character in self._allowed.sub("", text)):
            what = f"a number in {where} that no release stands behind: write it with release.sentence()"
            self.findings.append(Finding("numbers", f"line {self.getpos()[0]}", what))

    def _find(self, what: str) -> None:
        self.findings.append(Finding("markup", f"line {self.getpos()[0]}", what))
