"""Walk a folder, and look for many texts at once in everything that ``openers`` yields.

Letter case, the amount of white space and the way an accent is composed make no difference.
"""

from __future__ import annotations

import os
import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from privacy_analytics.witness.openers import open_file, open_text
from privacy_analytics.witness.pieces import At, Found, Piece, Unreadable

UNREADABLE = -1
"""`Hit.needle` of a place that could not be searched."""
LIMIT = 1 << 30
"""Bytes unpacked from one compressed stream; what is longer is searched so far and reported."""
BATCH = 8 << 20  # letters searched at once


@dataclass(frozen=True, slots=True)
class Hit:
    """`needles[needle]` stands in the file or folder `path` (relative), at `where` inside it."""

    needle: int
    path: str
    where: str


def find(
    folder: Path, needles: Sequence[str], *, limit: int = LIMIT, leave: Collection[Path] = frozenset()
) -> list[Hit]:
    """Every needle in every file under `folder`, and every place that could not be read (`UNREADABLE`).

    One hit for each needle and place, in walking order, however often it stands there. Symbolic links are not followed:
    their names and targets are searched, and one that leads out of `folder` is reported. Files and folders in `leave`
    are not opened: somebody else has to look there.
    Raises ValueError for a blank needle, NotADirectoryError for a `folder` that is none.
    """
    if not folder.is_dir():
        raise NotADirectoryError(folder)
    numbers: dict[str, list[int]] = defaultdict(list)
    for number, needle in enumerate(needles):
        numbers[_plain(needle)].append(number)
    if "" in numbers:
        raise ValueError("A needle is blank: it would be found everywhere.")
    hits: dict[tuple[int, str, str], Hit] = {}  # the first view of a place that shows a needle names the hit
    batch: list[tuple[str, Piece, str]] = []
    size = 0

    def search() -> None:
        texts = pl.Series([text for _, _, text in batch], dtype=pl.String)
        for (path, piece, _), found in zip(batch, texts.str.extract_many(list(numbers), overlapping=True), strict=True):
            where = f"{piece.where} ({piece.view})" if piece.view else piece.where
            for number in sorted({number for needle in found for number in numbers[needle]}):
                hits.setdefault((number, path, piece.where), Hit(number, path, where))
        batch.clear()

    for path, found in _walk(folder, limit, leave):
        if isinstance(found, Unreadable):
            where = f"unreadable: {found.where}: {found.reason}" if found.where else f"unreadable: {found.reason}"
            hits.setdefault((UNREADABLE, path, where), Hit(UNREADABLE, path, where))
        elif numbers:
            batch.append((path, found, text := _plain(found.text)))
            size += len(text) + 64
            if size > BATCH:
                search()
                size = 0
    search()
    return list(hits.values())


def _plain(text: str) -> str:
    composed = text if text.isascii() else unicodedata.normalize("NFC", text)
    return " ".join(composed.casefold().split())


def _walk(folder: Path, limit: int, leave: Collection[Path]) -> Iterator[tuple[str, Piece | Unreadable]]:
    closed: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if Path(parent, name) not in leave)
        for name in sorted([*folders, *files]):
            path = Path(parent, name)
            if path in leave:
                continue
            # a name that is no UTF-8 is shown, and searched, with its bytes escaped
            shown = str(path.relative_to(folder)).encode("utf-8", "backslashreplace").decode()
            for found in _entry(path, folder, limit):
                yield shown, found
    for error in closed:
        yield os.path.relpath(error.filename, folder), Unreadable("", type(error).__name__)


def _entry(path: Path, folder: Path, limit: int) -> Found:
    yield from open_text(os.fsencode(path.name), At(name="", limit=limit, where="name"))
    if path.is_symlink():
        yield from open_text(os.fsencode(path.readlink()), At(name="", limit=limit, where="link target"))
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
            yield Unreadable("", "a link that leads out of the folder")
    elif path.is_file():
        yield from open_file(path, limit)
    elif not path.is_dir():
        yield Unreadable("", "neither file nor folder")
