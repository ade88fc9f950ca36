"""A figure as a picture that stands by itself, on a slide or in a post: heading, drawing, how to read it.

It is made from a fragment's bytes, and a fragment from releases, so whatever a figure shows a picture can show.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from html import escape, unescape
from typing import Any

from privacy_analytics.dp.store import ReleaseStore
from privacy_analytics.errors import UsageError
from privacy_analytics.figures import render
from privacy_analytics.figures.svg import ROLES, WIDTH

SCALE = 2
"""Pixels of a PNG for one unit of its SVG."""
MARGIN = 24
_CHUNKS = (b"IHDR", b"PLTE", b"pHYs", b"IDAT", b"IEND")
"""What a PNG may hold: no text, time, profile or EXIF."""
_STYLE = "text{{font-family:{};font-variant-numeric:tabular-nums}}".format
_FONTS = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans','DejaVu Sans',Arial,sans-serif"
_PIXEL_FONT = "'Liberation Sans'"
"""Comes with vl-convert, so that text shows in pixels on a machine without fonts, too."""
_CHARACTER = 0.54
"""Width of a character of this font, as a part of its size."""
_DRAWING = re.compile(r'<svg[^>]* viewBox="0 0 [\d.]+ ([\d.]+)"[^>]*>(.*?)</svg>', re.DOTALL)
_KEY = re.compile(r'<span class="key (\w+)">(.*?)</span>')


def to_svg(spec: Mapping[str, Any], store: ReleaseStore) -> bytes:
    """A fragment with a drawing, or a sentence, as an SVG file on white.

    ``spec`` is what the fragment says of itself (``figures.specifications``); it stands in the file, too. Title and
    description are for who cannot see it. Raises NotFound, and UsageError for a fragment that is no picture.
    """
    return svg_of(spec, render(spec, store))


def svg_of(spec: Mapping[str, Any], fragment: str) -> bytes:
    """The same of a fragment that is drawn already."""
    if said := re.search(r'<p class="said[ a-z]*">(.*?)</p>', fragment, re.DOTALL):
        parts, height = _lines(unescape(said[1]), size=26, weight=700, at=MARGIN)
        return _file(spec, unescape(said[1]), unescape(said[1]), parts, height + MARGIN)
    drawings = _DRAWING.findall(fragment)
    if not drawings:
        raise UsageError("Only figures with a drawing and sentences are pictures; take the CSV of tiles and tables.")
    heading = _text(re.search(r"<strong>(.*?)</strong>", fragment))
    note = re.search(r'<figcaption>.*?<span class="note">(.*)</span></figcaption>', fragment, re.DOTALL)
    parts, at = _lines(heading, size=18, weight=700, at=MARGIN)
    if note and (keys := _KEY.findall(note[1])):
        legend, at = _legend(keys, at)
        parts += legend
    reading = _KEY.sub("", note[1]) if note else ""
    below, at = _lines(_plain(reading), size=13, weight=400, at=at, role="quiet")
    parts += below
    for height, inside in drawings:  # a wide table comes in bands
        parts.append(f'<g transform="translate({MARGIN},{at + 8:g})">{inside}</g>')
        at += float(height)
    spoken = _text(re.search(r'aria-label="([^"]*)"', fragment))
    return _file(spec, heading, spoken, parts, at + 8 + MARGIN)


def to_png(spec: Mapping[str, Any], store: ReleaseStore) -> bytes:
    """The same picture as pixels, for slides; nothing but pixels is in the file. Raises as ``to_svg``."""
    return png_of(to_svg(spec, store))


def png_of(svg: bytes) -> bytes:
    """The same of a picture of ``to_svg``."""
    import vl_convert

    text = svg.decode().replace(_STYLE(_FONTS), _STYLE(_PIXEL_FONT), 1)
    return stripped(vl_convert.svg_to_png(text, scale=SCALE))


def stripped(png: bytes) -> bytes:
    """A PNG without text, time, profile and whatever else is no pixel. Raises UsageError where it is no PNG."""
    return png[:8] + b"".join(whole for kind, whole in chunks(png) if kind in _CHUNKS)


def chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the whole bytes of each part of a PNG, to its last byte. Raises UsageError where it is no PNG."""
    at = 8
    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise UsageError("This is no PNG.")
    while at < len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4])
        if end > len(png):
            raise UsageError("This PNG ends in the middle.")
        yield png[at + 4 : at + 8], png[at:end]
        at = end


def foreign(kind: bytes) -> bool:
    """Whether a part of a PNG is something else than pixels."""
    return kind not in _CHUNKS


def _file(spec: Mapping[str, Any], heading: str, spoken: str, parts: list[str], height: float) -> bytes:
    size = f"{WIDTH + 2 * MARGIN:g}", f"{height:g}"
    source = json.dumps(spec, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" width="{size[0]}" height="{size[1]}" '
        f'viewBox="0 0 {size[0]} {size[1]}" data-fragment="{escape(source)}">'
    )
    about = f"<title>{escape(heading)}</title><desc>{escape(spoken)}</desc><style>{_STYLE(_FONTS)}</style>"
    white = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return f"{head}{about}{white}{''.join(parts)}</svg>\n".encode()


def _lines(text: str, *, size: int, weight: int, at: float, role: str = "label") -> tuple[list[str], float]:
    """Text in lines as wide as a drawing from ``at`` downwards, and where the next thing may stand."""
    lines = textwrap.wrap(text, int(WIDTH / (size * _CHARACTER)))
    step = round(size * 1.35)
    drawn = [
        f'<text x="{MARGIN}" y="{at + size + number * step:g}" font-size="{size}" font-weight="{weight}" '
        f'fill="{ROLES[role]}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return drawn, at + len(lines) * step + 4


def _legend(keys: list[tuple[str, str]], at: float) -> tuple[list[str], float]:
    """Colours and their names from ``at`` downwards, side by side while there is room, and where the next may stand."""
    drawn: list[str] = []
    x = float(MARGIN)
    for role, name in keys:
        wide = 17 + 7.2 * len(unescape(name))  # an em of 13 is 7.2 wide on average, at most
        if x > MARGIN and x + wide > MARGIN + WIDTH:
            x, at = float(MARGIN), at + 20
        drawn.append(f'<rect x="{x:g}" y="{at + 4:g}" width="11" height="11" rx="2" fill="{ROLES[role]}"/>')
        drawn.append(f'<text x="{x + 17:g}" y="{at + 14:g}" font-size="13" fill="{ROLES["label"]}">{name}</text>')
        x += wide + 18
    return drawn, at + 24


def _text(found: re.Match[str] | None) -> str:
    return _plain(found[1]) if found else ""


def _plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", html)).strip()
