"""Worlds that engines are compared on: one made to disturb, the synthetic sample, and a part of real data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest

from privacy_analytics import workspace
from privacy_analytics.contracts import tables
from privacy_analytics.counting import LakeEngine
from privacy_analytics.dp.answering import Engine
from privacy_analytics.dp.questions import Question
from privacy_analytics.ingest import maps
from privacy_analytics.ingest.intake import ingest
from privacy_analytics.lake import Lake
from privacy_analytics.resolve import months_of, resolve
from privacy_analytics.sample import write_sample
from privacy_analytics.settings import Settings
from privacy_analytics.snapshots import Snapshot
from tests.unit.engines.made import COLUMNS, made

HERE = Path(__file__).parents[3]
REAL = HERE.parent / "shared" / "data" / "real"
REAL_CHATS = 4_000


@dataclass(frozen=True)
class World:
    settings: Settings
    month: str

    def asked(self, question: Question, **changed: Any) -> tuple[Any, tuple[Any, ...]]:
        """The bounded question, and what every engine is made of."""
        contract, lake = tables(self.settings), Lake(self.settings.path("lake"))
        read = [Snapshot("s", month, lake.batches()) for month in months_of(question, self.month)]
        bounded = resolve(question, contract, purpose="exploration", month=self.month, snapshot="s")
        return replace(bounded, **changed), (lake, contract, read, b"a public salt", self.settings.timezone)


def made_to_disturb(folder: Path) -> World:
    return World(made(folder / "w"), "2026-10")


def sample(folder: Path) -> World:
    write_sample(folder / "export", accounts=200, conversations=60)
    settings = _workspace(folder / "w")
    ingest(settings, folder / "export", scrubber=_Unmasked())
    return World(settings, "2026-10")


def real(folder: Path) -> World:
    """Chats are the first some thousand; no text is masked, and none leaves the folder."""
    if not REAL.is_dir():
        pytest.skip("the real data (../shared/data/real) is not here")
    settings, export = _workspace(folder / "w"), folder / "export"
    export.mkdir()
    for name in ("accounts.csv.gz", "events.parquet", "crashes.jsonl.zst"):
        (export / name).symlink_to(REAL / name)
    pl.scan_ndjson(REAL / "chats.jsonl.zst").head(REAL_CHATS).collect().write_ndjson(export / "chats.jsonl")
    known = maps.load(HERE / "data" / "maps" / "real_open_data.toml", settings)
    ingest(settings, export, column_map=known, scrubber=_Unmasked())
    return World(settings, "2017-07")


WORLDS: dict[str, Callable[[Path], World]] = {"made": made_to_disturb, "sample": sample, "real": real}


def differs(
    world: World, question: Question, engine: Callable[..., Engine], *, something: bool = False, **changed: Any
) -> list[str]:
    """What an engine counts otherwise than polars does; ``something`` has to be there to count."""
    bounded, about = world.asked(question, **changed)
    ours, theirs = LakeEngine(*about).sums(bounded), engine(*about).sums(bounded)
    assert ours.accounts.any() or not something
    same = {
        "n": ours.n.tolist() == theirs.n.tolist(),
        "accounts": ours.accounts.tolist() == theirs.accounts.tolist(),
        "met a bound": ours.met_a_bound == theirs.met_a_bound,
    }
    return [name for name, equal in same.items() if not equal]


def spells_otherwise(world: World, question: Question, engine: Callable[..., Engine]) -> list[str]:
    """The same for phrases: their weights before and after two are found, and how many have them."""
    bounded, about = world.asked(question)
    ours, theirs = LakeEngine(*about), engine(*about)
    first = ours.weights(bounded, frozenset())
    keys = sorted(first, key=lambda key: (-first[key], key))[:20]
    assert keys
    found = frozenset(keys[:2])
    same = {
        "weights": first == theirs.weights(bounded, frozenset()),
        "later weights": ours.weights(bounded, found) == theirs.weights(bounded, found),
        "counts": ours.counts(bounded, keys).tolist() == theirs.counts(bounded, keys).tolist(),
    }
    return [name for name, equal in same.items() if not equal]


def _workspace(folder: Path) -> Settings:
    workspace.create(folder, product="P", contact_email="a@b.test", timezone="Europe/Berlin", posted=date(2000, 1, 1))
    with (folder / "workspace.toml").open("a") as file:
        file.write(COLUMNS)
    (folder / "keys" / "styles.txt").write_text("techno\nhouse\n")
    return workspace.load(folder)


class _Unmasked:
    tier = "none"

    def scrub(self, texts: list[str], own: Any = None, conversations: Any = None) -> list[Any]:
        return [SimpleNamespace(text=text) for text in texts]
