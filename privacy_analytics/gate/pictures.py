"""SVG and PNG of a figure: made again from the store, and compared byte by byte."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape, unescape
from typing import Any

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import PrivacyAnalyticsError, UsageError
from privacy_analytics.exports import png_of, svg_of
from privacy_analytics.exports.pictures import chunks, foreign
from privacy_analytics.gate.findings import Finding, Vouched
from privacy_analytics.gate.fragments import drawn_again
from privacy_analytics.gate.identities import identities

_ROOT = re.compile(r'<svg [^<>]*data-fragment="([^"<>]*)">')
_ACTIVE = re.compile(
    r"<script|<image|<foreignobject|<use|<a[\s>]|<!|<\?|\bhref|url\(|@import|\son\w+\s*=", re.IGNORECASE
)
_OTHER = "the picture is not what its releases give; export it again"


def drawn_from(svg: bytes) -> Mapping[str, Any]:
    """The fragment that an SVG says it shows. Raises UsageError where it says none."""
    try:
        found = _ROOT.match(svg.decode("utf-8"))
        return dict(json.loads(unescape(found[1]))) if found else _unknown()
    except (ValueError, TypeError, RecursionError):
        return _unknown()


def examine_svg(data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps an SVG back."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return [Finding("readable", "line 1", "the file is not UTF-8")]
    findings: list[Finding] = []
    if _ACTIVE.search(text):
        findings.append(Finding("markup", "file", "a script, handler, load, link, comment or declaration"))
    try:
        same = _again(drawn_from(data), store) == data
    except (PrivacyAnalyticsError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        same = False
    if not same:
        findings.append(Finding("bytes", "file", _OTHER))
    return findings + list(identities(text, vouched))


def examine_png(data: bytes, store: ReleaseStore, vouched: Vouched) -> list[Finding]:
    """What keeps a PNG back; of text in it nothing is read but what could be hidden between its pixels' chunks."""
    try:
        kinds = [kind for kind, _ in chunks(data)]
    except UsageError:
        return [Finding("readable", "file", "this is no whole PNG")]
    findings: list[Finding] = []
    if any(map(foreign, kinds)) or kinds[-1:] != [b"IEND"] or kinds.count(b"IEND") != 1:
        findings.append(Finding("chunks", "file", "text, time, a profile or something else that is no pixel"))
    if vouched.drawn_from is None:
        return [*findings, Finding("bytes", "file", "nothing says which figure this is; keep its SVG beside it")]
    try:
        same = png_of(_again(vouched.drawn_from, store)) == data
    except (PrivacyAnalyticsError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        same = False
    return findings if same else [*findings, Finding("bytes", "file", _OTHER)]


def _again(spec: Mapping[str, Any], store: ReleaseStore) -> bytes:
    """The SVG of a fragment, drawn again. Raises UsageError where its releases give none."""
    canonical = json.dumps(spec, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return svg_of(spec, drawn_again(escape(canonical), store) or "")


def _unknown() -> Mapping[str, Any]:
    raise UsageError("This SVG does not say which figure it shows.")
