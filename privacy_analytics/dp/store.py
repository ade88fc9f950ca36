"""The release store: a folder that others can read without us, a canonical JSON file and a Parquet file a release.

The JSON is the truth: the ledger holds the same bytes under its hash chain. The Parquet is made from it, for those who
want a table. ``docs/release-format.md`` describes the fields of both.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from privacy_analytics.dp.arithmetic import OPERATIONS
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import NotFound, UsageError

MOST_OPERANDS = 200
"""Releases that one expression may name at each of its steps: days of half a year add up, a deep page does not."""


class ReleaseStore:
    """A folder of releases, two files each. Whoever can read it needs nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, release_id: str, text: str) -> None:
        """Write a release's bytes, and its cells as Parquet, unless these very bytes are there; whole or not at all."""
        for name, content in ((f"{release_id}.json", text.encode()), (f"{release_id}.parquet", parquet(text))):
            file = self.folder / name
            if not file.exists() or file.read_bytes() != content:
                _write(file, content)

    def get(self, release_id: str) -> Release:
        """The stored release. Raises NotFound where there is none."""
        file = self.folder / f"{release_id}.json"
        if not (release_id.startswith("r-") and release_id[2:].isalnum() and file.is_file()):
            raise NotFound("There is no such release in this workspace. Restore its folder releases, or ask again.")
        return Release.from_json(file.read_text(encoding="utf-8"))

    def evaluate(self, expression: str | Mapping[str, Any]) -> Release:
        """A release by its id, or a derived value recomputed from stored releases. Raises NotFound, UsageError."""
        if isinstance(expression, str):
            return self.get(expression)
        operation = OPERATIONS.get(str(expression.get("op")))
        of: Any = expression.get("of")
        if operation is None or not isinstance(of, list) or not 1 <= len(cast("list[Any]", of)) <= MOST_OPERANDS:
            raise UsageError("This is no expression over releases.")
        operands = [self.evaluate(each) for each in cast("list[str | dict[str, Any]]", of)]
        try:
            return operation(*operands)
        except TypeError:
            raise UsageError("This operation takes another number of releases.") from None

    def ids(self) -> list[str]:
        """Every stored release, sorted."""
        return sorted(file.stem for file in self.folder.glob("r-*.json"))


def parquet(text: str) -> bytes:
    """A release's cells, one row each: key columns, value, low, high, sigma, status; suppressed ones hold no numbers.

    The other fields are the file's metadata ``release``, as canonical JSON.
    """
    release = Release.from_json(text)
    about = {name: value for name, value in json.loads(text).items() if name != "cells"}
    said = json.dumps(about, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    file = io.BytesIO()
    release.to_polars().write_parquet(file, compression="snappy", metadata={"release": said})
    return file.getvalue()


def _write(file: Path, content: bytes) -> None:
    partial = file.with_name(f"{file.name}.partial")
    with partial.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    partial.chmod(0o600)
    partial.replace(file)
