"""Files outside the lake's tables: what the witness finds of an erased account in them is taken out or removed.

A log loses the lines, a notebook the cells and outputs; where something is left after that, and everywhere else, the
file goes. A run whose page holds something goes whole, a published report is withdrawn. Some files are never edited:
a finding there is told with what to do.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import polars as pl

from privacy_analytics.lake import write_private
from privacy_analytics.rights.requests import RECORD
from privacy_analytics.rights.withdrawal import Withdrawals, gone
from privacy_analytics.settings import FILE, Settings
from privacy_analytics.stored import release_store
from privacy_analytics.witness import UNREADABLE, find
from privacy_analytics.witness.decodings import views
from privacy_analytics.workspace import FOLDERS

STORES = (*FOLDERS, "notebooks")
_LINES = (".log", ".txt", ".jsonl", ".csv")
_PAGES = ("report.html", "report.ipynb")
_NEVER = {
    "releases": "Releases are aggregate and never edited. Recall what quotes that one, and report it as a fault.",
    "ledger": "It only grows. Report it as a fault: no release may hold what one account said.",
    "logs": "The audit log is chained and never edited. Report it as a fault: no entry may hold a person.",
    "private": "Keys and tombstones are never edited. Look at that file by hand.",
    "lake": "Its log and batches are no place for it. Report it as a fault.",
    "requests": "A request's record is never edited. Take it out by hand.",
    FILE: "Take it out by hand.",
}
_STUCK = "It could not be changed: mend its permissions."
_ELSEWHERE = "Is it a product export? Name it with --exports. Else look at it by hand."


@dataclass(frozen=True)
class Seen:
    """What the witness saw, as paths below the workspace."""

    files: tuple[str, ...] = ()
    """Files and folders that hold a needle."""
    closed: tuple[str, ...] = ()
    """What it could not read."""


class Sweep:
    """One sweep of a workspace for some needles; ``leave`` are files that somebody else looks into."""

    def __init__(self, settings: Settings, needles: Sequence[str], leave: Collection[Path]) -> None:
        self.settings, self.needles, self.leave = settings, needles, leave
        self.withdrawals = Withdrawals(settings)
        self._unswept = settings.path("requests", "unswept.json")

    def look(self) -> Seen:
        """Every place in the workspace that tells of the needles."""
        hits = [hit for hit in find(self.settings.root, self.needles, leave=self.leave) if not _bare(hit.where)]
        files = {hit.path for hit in hits if hit.needle != UNREADABLE} | self._open() | self._on_server()
        return Seen(tuple(sorted(files)), tuple(sorted({hit.path for hit in hits if hit.needle == UNREADABLE})))

    def clean(self) -> Counter[str]:
        """Take out what is found; returns how many times a file was changed or removed, by store.

        What could not be taken out is remembered: the rows that it is known by may go next.
        """
        changed: Counter[str] = Counter()
        seen = self.look()
        for whole in (False, True):
            found = [path for path in seen.files if not self._never(path)]
            for path in found:
                with suppress(OSError):  # it is still there when ``left`` looks
                    changed[store(path)] += self._remove(path, whole=whole or path in self._open())
            if found:
                seen = self.look()
        self._remember(path for path in seen.files if not path.startswith("lake/"))
        return changed

    def left(self) -> list[str]:
        """What is still there, by store. Empty: nothing is, and everything could be read."""
        seen = self.look()
        found = Counter((store(path), self._never(path)) for path in seen.files)
        closed = Counter(store(path) for path in seen.closed)
        return [
            *(
                f"{where} still holds something ({n} file(s)). {advice or _STUCK}"
                for (where, advice), n in found.items()
            ),
            *(f"{where} has {n} file(s) that cannot be searched. Remove them by hand." for where, n in closed.items()),
        ]

    def forget(self) -> None:
        """Nothing is left that a retry would have to know of."""
        self._unswept.unlink(missing_ok=True)

    def to_withdraw(self, seen: Seen) -> list[str]:
        """The published reports among what was seen, such as ``published/2026-08/usage_report``."""
        return sorted({folder for path in seen.files if (folder := _report(path))})

    def _remove(self, path: str, *, whole: bool) -> int:
        """Take the needles out of a file, or remove it; returns how many files were changed."""
        file = self.settings.path(path)
        if not (file.exists() or file.is_symlink()):
            return 0
        if path.startswith(("published/", "approved/")):
            self.withdrawals.other()
        if folder := _report(path):
            self.withdrawals.report(self.settings.path(folder))
        elif folder := _with_it(path):
            whole_run = self.settings.path(folder)
            gone(whole_run, f".scratch-{whole_run.name}")
        elif file.is_dir() and not file.is_symlink():
            shutil.rmtree(file)
        elif whole or not self._edit(file):
            file.unlink()
        return 1

    def _edit(self, file: Path) -> bool:
        """Take out lines or cells; False where a file is of neither kind, or cannot be read as one."""
        edit = _cells if file.suffix == ".ipynb" else _lines if file.suffix in _LINES else None
        if edit is None or file.is_symlink() or ".ipynb_checkpoints" in file.parts:
            return False
        try:
            text = edit(file.read_bytes().decode(), self._telling)
        except (ValueError, KeyError, TypeError, AttributeError):
            return False
        write_private(file, text)
        return True

    def _telling(self, texts: Sequence[str]) -> list[bool]:
        """Which of the texts hold a needle as they stand, or as a reader shows them."""
        shown = pl.Series(["\x01".join(view for _, view in views(text)) for text in texts], dtype=pl.String)
        return shown.str.contains_any(list(self.needles), ascii_case_insensitive=True).to_list()

    def _never(self, path: str) -> str:
        """Why a file is not edited, and what to do; empty where it may be."""
        parts = path.split("/")
        if parts[-1].endswith(".partial"):
            return ""
        ledger = self.settings.ledger_url.removeprefix("sqlite:///")
        if path == FILE or path.startswith(ledger):
            return _NEVER[FILE if path == FILE else "ledger"]
        kept = {
            "releases": True,
            "lake": len(parts) > 1 and (parts[1] == "batches" or "_delta_log" in parts),
            "logs": path == "logs/audit.jsonl",
            "private": len(parts) == 2 and not self.settings.path(path).is_dir(),
            "requests": parts[-1] == RECORD,
        }
        if kept.get(parts[0]):
            return _NEVER[parts[0]]
        return _ELSEWHERE if parts[0] not in STORES and self.settings.path(parts[0]).is_dir() else ""

    def _open(self) -> set[str]:
        """What an earlier sweep found and could not take out, and what nobody has changed since."""
        told: dict[str, str] = json.loads(self._unswept.read_text()) if self._unswept.exists() else {}
        found = {path: self.settings.path(path) for path in told}
        return {path for path, file in found.items() if file not in self.leave and _digest(file) == told[path]}

    def _on_server(self) -> set[str]:
        """Releases that hold a needle and lie in a database, which the witness does not open."""
        if not self.settings.operating.releases_url:
            return set()
        kept = release_store(self.settings)
        ids = kept.ids()
        told = self._telling([kept.text(each) or "" for each in ids])
        return {f"releases/{each}" for each, holds in zip(ids, told, strict=True) if holds}

    def _remember(self, paths: Iterator[str]) -> None:
        told = {path: digest for path in paths if (digest := _digest(self.settings.path(path)))}
        if told or self._unswept.exists():
            write_private(self._unswept, json.dumps(told, indent=1))


def store(path: str) -> str:
    """The store that a path below the workspace belongs to, as it is named to the officer."""
    return path.partition("/")[0]


def _bare(where: str) -> bool:
    """Whether it is a socket or pipe, which holds nothing."""
    return where == "unreadable: neither file nor folder"


def _report(path: str) -> str:
    found = re.match(r"published/\d{4}-\d\d/[^/.][^/]*", path)
    return found[0] if found else ""


def _with_it(path: str) -> str:
    """The folder that a file stands and falls with: a run's, for its page; a statistic's on the site."""
    found = re.match(r"runs/[^/]+/[^/]+/\d{3}(?=/)|published/statistics/[^/]+(?=/)", path)
    whole = found and (path.startswith("published/") or path.endswith(_PAGES))
    return found[0] if found and whole else ""


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "there" if file.exists() else ""


def _lines(text: str, telling: Callable[[Sequence[str]], list[bool]]) -> str:
    lines = text.split("\n")
    return "\n".join(line for line, told in zip(lines, telling(lines), strict=True) if not told)


def _cells(text: str, telling: Callable[[Sequence[str]], list[bool]]) -> str:
    book: dict[str, Any] = json.loads(text)
    cells: list[dict[str, Any]] = book["cells"]
    inside = telling(["\x01".join(_strings({**cell, "outputs": None})) for cell in cells])
    shown = telling(["\x01".join(_strings(cell.get("outputs"))) for cell in cells])
    for cell, told in zip(cells, shown, strict=True):
        if told:
            cell.update(outputs=[], execution_count=None)
    book["cells"] = [cell for cell, told in zip(cells, inside, strict=True) if not told]
    return json.dumps(book, indent=1, ensure_ascii=False) + "\n"


def _strings(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        children = cast("list[object]", node)
        if all(isinstance(line, str) for line in children):
            yield "".join(cast("list[str]", children))  # nbformat keeps a text as a list of its lines
        else:
            for child in children:
                yield from _strings(child)
    elif isinstance(node, dict):
        for child in cast("Mapping[str, object]", node).values():
            yield from _strings(child)
