"""The release store: a folder that others can read without us, one canonical JSON file a release.

The ledger holds the same bytes under its hash chain; ``docs/release-format.md`` describes the fields.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from privacy_analytics.dp.arithmetic import OPERATIONS
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import NotFound, UsageError

MOST_OPERANDS = 200


class ReleaseStore:
    """A folder of releases, one file each. Whoever can read it needs nothing else."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, release_id: str, text: str) -> None:
        """Write a release's bytes unless these very bytes are there; whole or not at all."""
        file = self.folder / f"{release_id}.json"
        if file.exists() and file.read_bytes() == text.encode():
            return
        partial = file.with_suffix(".partial")
        with partial.open("w", encoding="utf-8") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        partial.chmod(0o600)
        partial.replace(file)

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
