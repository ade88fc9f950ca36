"""The release store: releases by id, each as the canonical JSON that the ledger holds under its hash chain.

A folder that others can read without us holds a JSON and a Parquet file a release; ``database.py`` keeps them in
PostgreSQL. The Parquet is made from the JSON, for those who want a table. ``docs/release-format.md`` describes both.
"""

from __future__ import annotations

import io
import json
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from privacy_analytics.dp.arithmetic import OPERATIONS
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import NotFound, UsageError

MOST_OPERANDS = 200
"""Releases that one expression may name at each of its steps: days of half a year add up, a deep page does not."""
_ID = re.compile(r"r-[0-9A-Za-z]{1,64}")


class ReleaseStore(ABC):
    """What a page, a figure or a file is drawn from: releases, and values derived from them."""

    @abstractmethod
    def put(self, release_id: str, text: str) -> None:
        """Keep a release's bytes, whole or not at all; the same ones again change nothing."""

    @abstractmethod
    def text(self, release_id: str) -> str | None:
        """The canonical JSON of a stored release; None where there is none."""

    @abstractmethod
    def ids(self) -> list[str]:
        """Every stored release, sorted."""

    def get(self, release_id: str) -> Release:
        """The stored release. Raises NotFound where there is none."""
        if (text := self.text(release_id)) is None:
            raise NotFound(
                "There is no such release in this workspace. Ask again, or write again what the ledger holds: "
                "pa doctor --accept-restore"
            )
        return Release.from_json(text)

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


@dataclass(frozen=True)
class FolderStore(ReleaseStore):
    """A folder of releases, two files each. Whoever can read it needs nothing else."""

    folder: Path

    def put(self, release_id: str, text: str) -> None:
        """Write the JSON, and the cells as Parquet, unless these very bytes are there; a damaged file is mended."""
        for name, content in ((f"{release_id}.json", text.encode()), (f"{release_id}.parquet", parquet(text))):
            file = self.folder / name
            if not file.exists() or file.read_bytes() != content:
                _write(file, content)

    def text(self, release_id: str) -> str | None:
        file = self.folder / f"{release_id}.json"
        return file.read_text(encoding="utf-8") if _ID.fullmatch(release_id) and file.is_file() else None

    def ids(self) -> list[str]:
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
