"""How often the printed 95 % intervals hold the bounded value, over many fresh ledgers of one workspace.

    python benchmarks/coverage.py WORKSPACE MONTH [LEDGERS]

For public or synthetic data only: a fresh ledger draws fresh noise, which is what a real workspace must never do.
Prints a share, no value.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from privacy_analytics import CountAccounts, Session
from privacy_analytics.counting import vector
from privacy_analytics.curator import Curator
from privacy_analytics.dp.questions import Question
from privacy_analytics.dp.store import FolderStore
from privacy_analytics.resolve import resolve
from privacy_analytics.snapshots import Snapshot, snapshot
from privacy_analytics.workspace import load


def main(workspace: str, month: str, ledgers: int = 200) -> None:
    settings = load(workspace)
    frozen = snapshot(settings, month)
    curator = Curator(settings)
    questions = {"day": CountAccounts("events", by="day"), "month": CountAccounts("events")}
    truth = {name: _truth(curator, each, frozen) for name, each in questions.items()}
    held = dict.fromkeys(questions, 0)
    for _ in range(ledgers):
        with tempfile.TemporaryDirectory() as folder:
            fresh = Curator(replace(settings, ledger_url=f"sqlite:///{folder}/ledger.sqlite"))
            fresh.store = FolderStore(Path(folder))
            released = Session(fresh, month=month, purpose="usage").plan(**questions, share=0.8).release()
            for name, values in truth.items():
                cells = released[name].release.cells
                held[name] += sum(cell.low <= true <= cell.high for cell, true in zip(cells, values, strict=True))
    for name, values in truth.items():
        asked = ledgers * len(values)
        print(f"{held[name] / asked:.2%} of {asked:,} intervals by {name} hold the bounded value")


def _truth(curator: Curator, question: Question, frozen: Snapshot) -> list[int]:
    bounded = resolve(question, curator.tables, purpose="usage", month=frozen.month, snapshot=frozen.token)
    return vector(bounded, curator.lake, frozen, b"no account has too many cells here, so the salt does not matter")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
