"""Released numbers as files for others: CSV, JSON, SVG, PNG. Each can be made again from the store, byte by byte.

Of a release:   to_csv, to_json
Of a figure:    to_svg, to_png

A CSV, a JSON and an SVG say what they were made from, so the gate needs nothing but the store; of a PNG, which may
hold no text, it is told.
"""

from __future__ import annotations

from privacy_analytics.exports.pictures import to_png, to_svg
from privacy_analytics.exports.tables import read_source, to_csv, to_json, write_source

__all__ = ["read_source", "to_csv", "to_json", "to_png", "to_svg", "write_source"]
