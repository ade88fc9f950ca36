"""Released numbers as files for others: CSV, JSON, SVG, PNG. Each can be made again from the store, byte by byte.

Of a release:            to_csv, to_json
Of a figure:             to_svg, to_png; of one that is drawn already svg_of, and of its SVG png_of
Of a quotable sentence:  claim_to_json, and to_csv_together of its releases

A CSV, a JSON and an SVG say what they were made from, so the gate needs nothing but the store; of a PNG, which may
hold no text, it is told.
"""

from __future__ import annotations

from privacy_analytics.exports.pictures import png_of, svg_of, to_png, to_svg
from privacy_analytics.exports.tables import (
    TOGETHER,
    claim_to_json,
    read_source,
    to_csv,
    to_csv_together,
    to_json,
    write_source,
)

__all__ = [
    "TOGETHER",
    "claim_to_json",
    "png_of",
    "read_source",
    "svg_of",
    "to_csv",
    "to_csv_together",
    "to_json",
    "to_png",
    "to_svg",
    "write_source",
]
