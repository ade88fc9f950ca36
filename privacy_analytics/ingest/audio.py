"""Audio never gets in (policy §3): a text that carries an audio or MIDI file, plain, as base64 or as a data URI."""

from __future__ import annotations

import base64
import re

import polars as pl

_PLAIN = (
    r"RIF[FX](?:[\s\S]{0,3}[\x00-\x08]|[\s\S]{4}WAVEfmt |[\x20-\x7E]{0,3}[^\x20-\x7E][\s\S]{0,3}(?:WAVE|RMID|AVI ))"
    r"|ID3[\x00-\x08]"
    r"|OggS\x00"
    "|fLaC[\\x00-\\x08\x80\N{REPLACEMENT CHARACTER}]"
    r"|\x00[\s\S]{1,2}ftyp[0-9A-Za-z]"
    "|\\x1AE[ß\u07e3\N{REPLACEMENT CHARACTER}]"
    r"|MThd\x00"
    r"|FORM[\s\S]{0,4}AIF[FC]"
)
"""File signatures as they read once their bytes became text, as Latin-1 or as UTF-8 with replacements."""
_URI = r"(?i:data:\s*(?:audio|video)/)"
_BASE64 = r"UklG[RW]|SUQz[AB]|T2dnUw|ZkxhQ|AAAA[\w+/-]{2}Z0eX[A-D]|GkXfo|TVRoZ|Rk9STQ"
"""The same signatures, three bytes to four letters; a hit is decoded before it counts."""
_BYTES = re.compile(rb"RIF[FX]|ID3[\x02-\x04]|OggS|fLaC|.{4}ftyp|\x1aE\xdf\xa3|MThd|FORM.{4}AIF[FC]", re.DOTALL)
_ANY = f"{_PLAIN}|{_URI}|{_BASE64}"
_CERTAIN, _MAYBE = re.compile(f"{_PLAIN}|{_URI}"), re.compile(_BASE64)
_HEAD = 64
"""Letters of base64 that are decoded: enough for every signature."""


def carries_audio(text: str) -> bool:
    """Whether a text carries an audio or MIDI file, or claims to."""
    if _CERTAIN.search(text):
        return True
    return any(_BYTES.match(_decoded(text, hit.start())) for hit in _MAYBE.finditer(text))


def with_audio(frame: pl.DataFrame) -> pl.Series:
    """For every row, whether any text of it carries audio, also inside lists of structs."""
    hits = pl.Series([False]).new_from_index(0, frame.height)
    for name, dtype in frame.schema.items():
        if dtype == pl.String:
            hits |= _column(frame[name])
        elif isinstance(dtype, pl.List):
            hits |= _nested(frame[name])
    return hits


def _column(texts: pl.Series) -> pl.Series:
    suspect = texts.str.contains(_ANY).fill_null(False)
    if not suspect.any():
        return suspect
    sure = [carries_audio(text) for text in texts.filter(suspect)]
    where = suspect.arg_true()
    return suspect.scatter(where, sure)


def _nested(lists: pl.Series) -> pl.Series:
    flat = pl.DataFrame({"row": pl.int_range(len(lists), eager=True), "item": lists}).explode("item")
    if isinstance(flat.schema["item"], pl.Struct):
        flat = flat.unnest("item")
    rows = flat["row"].filter(with_audio(flat.drop("row")))
    return pl.int_range(len(lists), eager=True).is_in(rows.unique().to_list())


def _decoded(text: str, start: int) -> bytes:
    letters = re.sub(r"\s", "", text[start : start + _HEAD]).replace("-", "+").replace("_", "/")
    run = re.match(r"[A-Za-z0-9+/]*", letters)
    clean = run[0] if run else ""
    return base64.b64decode(clean[: len(clean) // 4 * 4])
