"""The last look at a page, on its final bytes. What is not known to be safe does not pass.

1. Every fragment is drawn again from the release store and compared byte by byte.
2. Around them stands prose in a short list of elements and attributes: no script, load, frame, form or comment.
3. No digit stands there, but for a few texts the caller names: a number is computed, or it is not printed.
4. No canary and nothing shaped like an identity is in the page, nor behind entities, URL escapes, base64, markup.

A finding names rule and line, never the text found.
"""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from html.parser import HTMLParser
from urllib.parse import unquote

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import GateError, PrivacyAnalyticsError
from privacy_analytics.figures import opening, render, style

CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
_ELEMENTS = frozenset(
    (
        *("html", "head", "meta", "title", "style", "body", "header", "main", "footer", "section", "article", "nav"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "p", "ul", "ol", "li", "dl", "dt", "dd", "a", "em", "strong", "del"),
        *("code", "pre", "blockquote", "hr", "br", "span", "div", "small"),
        *("table", "thead", "tbody", "tr", "th", "td", "caption"),
    )
)
_ATTRIBUTES = frozenset(("lang", "class", "href", "scope", "start"))
_METAS = frozenset(
    {
        (("charset", "utf-8"),),
        (("content", CSP), ("http-equiv", "Content-Security-Policy")),
        (("content", "width=device-width, initial-scale=1"), ("name", "viewport")),
    }
)
_CUT = "<br>"
"""Stands where a proven fragment was, so that what surrounds it does not grow together."""
_SHAPES = {
    "an e-mail address": re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"),
    "a telephone number": re.compile(
        r"(?<![\w.])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,4}\)|\d{2,4})[ .-]\d{3,4}[ .-]\d{3,5}(?![\w.])"
    ),
    "a home folder": re.compile(r"(?:/home/|/Users/|[A-Za-z]:\\Users\\)\w+"),
}


def enforce(page: bytes, store: ReleaseStore, *, canaries: Iterable[str] = (), allowed: Sequence[str]) -> None:
    """Raise GateError with every finding of ``check``, unless there is none."""
    if findings := check(page, store, canaries=canaries, allowed=allowed):
        raise GateError(findings)


def check(page: bytes, store: ReleaseStore, *, canaries: Iterable[str] = (), allowed: Sequence[str]) -> list[str]:
    """What keeps a page from being published: one finding a line, with rule and place.

    Parameters
    ----------
    page : the final bytes
    store : the releases that its fragments are made of
    canaries : texts that must be nowhere in it
    allowed : texts with digits, or e-mail addresses, that may stand outside fragments
    """
    try:
        text = page.decode("utf-8")
    except UnicodeDecodeError:
        return ["line 1: the page is not UTF-8"]
    prose, findings = _without_fragments(text, store)
    reader = _Reader(allowed)
    reader.feed(prose)
    reader.close()
    findings += reader.findings
    if reader.open_style:
        findings.append("line 1: a style sheet without an end")
    if any(map(_has_control, text.split("\n"))):
        findings.append(f"{_place(text, _has_control)}: a control character")
    if not text.startswith("<!doctype html>"):
        findings.append("line 1: the page does not start with <!doctype html>")
    if not reader.has_csp:
        findings.append("line 1: no content security policy, or another than the house's")
    return findings + list(_identities(text, canaries, allowed))


def _without_fragments(text: str, store: ReleaseStore) -> tuple[str, list[str]]:
    """The page with each proven fragment cut out (its lines stay), and a finding for each that is not proven."""
    kept: list[str] = []
    findings: list[str] = []
    at = 0
    while found := opening.search(text, at):
        kept.append(text[at : found.start()])
        drawn = _drawn_again(found[1], store)
        if drawn is not None and text.startswith(drawn, found.start()):
            at = found.start() + len(drawn)
            kept.append(_CUT + "\n" * drawn.count("\n"))
        else:
            findings.append(
                f"line {_line(text, found.start())}: a fragment is not what its releases give; run the report again"
            )
            at = found.end()
    kept.append(text[at:])
    return "".join(kept), findings


def _drawn_again(attribute: str, store: ReleaseStore) -> str | None:
    try:
        return render(json.loads(html.unescape(attribute)), store)
    except (PrivacyAnalyticsError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


class _Reader(HTMLParser):
    """Reads what stands around the fragments; everything that is not on its lists is a finding."""

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(convert_charrefs=False)
        self.findings: list[str] = []
        self.has_csp = False
        self._inside = ""
        self._style = ""
        self._mails = {f"mailto:{text}" for text in allowed if "@" in text}
        longest = sorted((re.escape(text) for text in allowed if text), key=len, reverse=True)
        self._allowed = (
            re.compile(rf"(?<![\w.,])(?:{'|'.join(longest)})(?![\w]|[.,]\w)") if longest else re.compile(r"(?!)")
        )

    @property
    def open_style(self) -> bool:
        """Whether the page ended inside a style sheet, where nothing is read as prose."""
        return self._inside == "style"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        if tag not in _ELEMENTS:
            self._find("an element that no report has (script, frame, image, form and the like)")
        if tag == "meta":
            given = tuple(sorted((name, value or "") for name, value in attrs))
            self.has_csp |= ("http-equiv", "Content-Security-Policy") in given and given in _METAS
            if given not in _METAS:
                self._find("a meta element that no report has")
            return
        for name, value in attrs:
            if name not in _ATTRIBUTES:
                self._find("an attribute that no report has (event handlers, style, src and the like)")
            elif name == "href":
                self._link(tag, value or "")
            else:
                self._prose(value or "", "an attribute")
            if "<" in (value or ""):
                self._find("a broken tag")

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            if self._style != style():
                self._find("a style sheet that is not the house's")
            self._style = ""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            self._style += data
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
        inside = re.fullmatch(r"#[\w-]*|(?:[\w-][\w.-]*/)*[\w-][\w.-]*\.(?:html|json|csv)", target)
        if tag != "a" or not (target in self._mails or inside):
            self._find("a link that leaves the page: only #anchors, files beside it and the contact address may stand")
        self._prose(target, "a link")

    def _prose(self, text: str, where: str) -> None:
        if any(character.isnumeric() for character in self._allowed.sub("", text)):
            self._find(f"a number in {where} that no release stands behind: write it with release.sentence()")

    def _find(self, what: str) -> None:
        self.findings.append(f"line {self.getpos()[0]}: {what}")


def _identities(text: str, canaries: Iterable[str], allowed: Sequence[str]) -> Iterator[str]:
    forbidden = [folded for canary in canaries if (folded := _folded(canary))]
    readings = [_folded(reading) for reading in _readings(text)]
    if any(canary in reading for reading in readings for canary in forbidden):
        place = _place(text, lambda line: any(canary in _folded(line) for canary in forbidden))
        yield f"{place}: a canary (perhaps encoded) is in the page; find out which step let it through"
    contacts = {_folded(entry) for entry in allowed}
    visible = _visible(text, "\n")
    for shape, pattern in _SHAPES.items():
        found = {match.group() for match in pattern.finditer(visible) if _folded(match.group()) not in contacts}
        if found:
            yield f"{_place(text, lambda line, found=found: any(one in line for one in found))}: {shape}"


def _readings(text: str) -> Iterator[str]:
    """The page as it is, and as a browser or a curious reader could decode it."""
    readings = {text, _visible(text, ""), _visible(text, " ")}
    for _ in range(3):
        readings |= {unquote(html.unescape(reading)) for reading in readings}
    yield from readings
    joined = "\n".join(readings)
    for run in set(re.findall(r"[A-Za-z0-9+/_-]{8,}", joined)) | set(
        re.findall(r"[A-Za-z0-9+/_-]{8,}", re.sub(r"\s", "", joined))
    ):
        for start in range(4):
            yield _base64(run[start:])


def _visible(text: str, gap: str) -> str:
    """What is read on the page or heard of it, with a gap where markup was."""
    shown = re.sub(r"<style>.*?</style>", "", text, flags=re.DOTALL)
    spoken = " ".join(re.findall(r'aria-label="([^"]*)"', shown))
    return html.unescape(re.sub(r"<[^>]*>", gap, shown) + "\n" + spoken)


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


def _has_control(line: str) -> bool:
    return any(unicodedata.category(character) == "Cc" and character != "\t" for character in line)


def _place(text: str, holds: Callable[[str], bool]) -> str:
    """The first line for which it holds; what is only there when decoded has no line of its own."""
    return f"line {next((number for number, line in enumerate(text.split(chr(10)), 1) if holds(line)), 1)}"


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
