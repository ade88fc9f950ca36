"""A release: published values with their error bars and provenance; and the store that others can read without us.

A release is a plain value. Its bytes (``to_json``) are canonical: sorted keys, UTF-8, one line. The store is a folder
with one ``r-….json`` a release; the ledger holds the same bytes under its hash chain. ``docs/release-format.md``
describes the fields. ``share`` and ``change`` are arithmetic on releases: they read no data and cost nothing.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from privacy_analytics.errors import NotFound, UsageError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

FORMAT = 1
Status = Literal["ok", "approximate", "unreliable", "suppressed"]
OK, APPROXIMATE = 8.0, 4.0
"""A value is ``ok`` from 8 sigma, ``approximate`` from 4, ``unreliable`` below."""
Z95, Z975 = 1.959964, 2.241403
"""Two-sided normal quantiles for 95 % and 97.5 %."""


@dataclass(frozen=True)
class Cell:
    """One published number: its key, value, 95 % interval, standard deviation of the noise, and how far to trust it."""

    key: tuple[str, ...]
    value: float
    low: float
    high: float
    sigma: float
    status: Status


@dataclass(frozen=True)
class Mechanism:
    """What was done: the noise, its scale, and the bounds on what one account contributes."""

    name: str
    sigma: float
    per_account: int
    """Cells one account counts in, at most."""
    per_cell: int
    """What one account adds to one cell, at most."""
    l2: float
    """Largest L2 norm of one account's contribution; this is what was priced."""


@dataclass(frozen=True)
class Release:
    """Published values of one question. Derived ones (``share``, ``change``) name what they were made from."""

    id: str
    key: str
    """SHA-256 of the canonical question, population and snapshot; empty for a derived value."""
    unit: Literal["accounts", "rows", "share", "ratio", "change"]
    table: str
    by: tuple[str, ...]
    month: str
    snapshot: str
    population: str
    floor: int
    cells: tuple[Cell, ...]
    question: Mapping[str, Any]
    """The canonical question, or for a derived value ``{"op": ..., "of": [expression, expression]}``."""
    mechanism: Mechanism | None = None
    nano_rho: int = 0
    recorded: Mapping[str, Any] | None = None
    """Written down, not part of the key: purpose, policy version, report, time, time zone, versions of software."""

    def __getitem__(self, key: str | tuple[str, ...]) -> Cell:
        """The cell of a key. Raises NotFound where there is none."""
        wanted = (key,) if isinstance(key, str) else tuple(key)
        for cell in self.cells:
            if cell.key == wanted:
                return cell
        raise NotFound(
            f"This release has no such key. Its {len(self.cells)} keys are public: see .table() or .to_polars()."
        )

    @property
    def expression(self) -> str | dict[str, Any]:
        """How to get this value back from a store: an id, or an operation on expressions."""
        return self.id if self.key else dict(self.question)

    @property
    def shown(self) -> tuple[Cell, ...]:
        """The cells that are not suppressed, in the order of their keys."""
        return tuple(cell for cell in self.cells if cell.status != "suppressed")

    def rows(self) -> list[dict[str, Any]]:
        """One record a cell: the key's parts, value, low, high, sigma, status; suppressed ones hold no numbers."""
        records: list[dict[str, Any]] = []
        for cell in self.cells:
            hidden = cell.status == "suppressed"
            numbers = {name: None if hidden else getattr(cell, name) for name in ("value", "low", "high", "sigma")}
            records.append(dict(zip(self.by, cell.key, strict=True)) | numbers | {"status": cell.status})
        return records

    def to_polars(self) -> pl.DataFrame:
        """The cells as a polars frame, one row a cell."""
        import polars as pl

        numbers: dict[str, Any] = dict.fromkeys(("value", "low", "high", "sigma"), pl.Float64)
        return pl.DataFrame(self.rows(), schema=dict.fromkeys(self.by, pl.String) | numbers | {"status": pl.String})

    def to_pandas(self) -> pd.DataFrame:
        """The cells as a pandas frame, one row a cell."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=[*self.by, "value", "low", "high", "sigma", "status"])

    def to_json(self) -> str:
        """Canonical text: the very bytes that are stored and hashed."""
        return json.dumps({"format": FORMAT, **asdict(self)}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Release:
        """Read a release back. Raises UsageError for another format."""
        return cls.from_raw(json.loads(text))

    @classmethod
    def from_raw(cls, raw: Mapping[str, Any]) -> Release:
        """Read a release from its JSON values. Raises UsageError for another format."""
        fields = dict(raw)
        if fields.pop("format", None) != FORMAT:
            raise UsageError(f"This release has another format than {FORMAT}. Read it with the version that wrote it.")
        cells = cast("list[dict[str, Any]]", fields["cells"])
        fields["cells"] = tuple(Cell(key=tuple(cell.pop("key")), **cell) for cell in map(dict[str, Any], cells))
        fields["by"] = tuple(fields["by"])
        fields["mechanism"] = Mechanism(**fields["mechanism"]) if fields["mechanism"] else None
        return cls(**fields)


def status(value: float, sigma: float, floor: int) -> Status:
    """How far to trust a noised count. Reads noised values and public constants only, so it costs nothing."""
    if value - 2 * sigma < floor:
        return "suppressed"
    if value >= OK * sigma:
        return "ok"
    return "approximate" if value >= APPROXIMATE * sigma else "unreliable"


def share(part: Release, *, of: Release) -> Release:
    """Each cell of ``part`` as a share of ``of``, a total or a release with the same keys. Free.

    Rows of accounts are a ratio: so many a head.

    The interval holds with at least 95 %: both counts are taken at 97.5 % (Bonferroni), the ratio at its worst corner.

    Raises
    ------
    UsageError
        the two do not fit: other units, months, populations or keys
    """
    _comparable(part, of)
    if part.snapshot != of.snapshot:
        raise UsageError("These releases are of different months. Compare months with change().")
    if of.by not in ((), part.by):
        raise UsageError("These releases have different keys. Take the share of a total, or of the same keys.")
    at_most_one = _within(part, of)

    def ratio(cell: Cell, total: Cell) -> tuple[float, float, float]:
        low, high = _corner(cell)
        least, most = _corner(total)
        return (
            _ratio(cell.value, total.value),
            max(0.0, _ratio(max(low, 0.0), most)),
            min(1.0, _ratio(high, least)) if at_most_one else _ratio(high, least),
        )

    return _derived("share", part, of, ratio)


def change(new: Release, old: Release) -> Release:
    """Relative change of each cell from ``old`` to ``new`` (0.1 is a tenth more). Free.

    The interval holds with at least 95 % (both counts at 97.5 %, the ratio at its worst corner); where it spans 0
    there is no clear difference.

    Raises
    ------
    UsageError
        the two do not answer the same question
    """
    _comparable(new, old)
    if {"day", "week"} & set(new.by):
        raise UsageError("change() compares months, which have no day in common. Ask both without day or week.")
    if any(new.question.get(name) != old.question.get(name) for name in _ASKED):
        raise UsageError("change() compares two answers to the same question under the same bounds; these differ.")

    def ratio(cell: Cell, before: Cell) -> tuple[float, float, float]:
        low, high = _corner(cell)
        least, most = _corner(before)
        return _ratio(cell.value, before.value) - 1, _ratio(max(low, 0.0), most) - 1, _ratio(high, least) - 1

    return _derived("change", new, old, ratio)


_ASKED = ("kind", "table", "by", "where", "cohort", "per_account", "per_cell")
OPERATIONS: dict[str, Callable[[Release, Release], Release]] = {
    "share": lambda part, of: share(part, of=of),
    "change": change,
}


def _corner(cell: Cell) -> tuple[float, float]:
    """A 97.5 % interval; the noise is a whole number, so the half-width is rounded up to one."""
    half = math.ceil(Z975 * cell.sigma)
    return cell.value - half, cell.value + half


def _ratio(above: float, below: float) -> float:
    """A quotient of noised counts; one account is the least that a denominator can stand for."""
    return above / max(below, 1.0)


def _comparable(first: Release, second: Release) -> None:
    if not {first.unit, second.unit} <= {"accounts", "rows"}:
        raise UsageError("share() and change() take releases of counts, not one of each other.")
    if first.population != second.population:
        raise UsageError("These releases count different populations. Ask both for the same purpose.")


def _within(part: Release, of: Release) -> bool:
    """Whether every account counts in the total ``of`` at least what it counts in any one cell of ``part``."""
    narrower = all(of.question.get(name) in ([], None, part.question.get(name)) for name in ("where", "cohort"))
    same = not of.by and (part.unit, part.table) == (of.unit, of.table)
    bounds = [release.mechanism.per_cell if release.mechanism else 0 for release in (part, of)]
    return same and narrower and bounds[0] <= bounds[1]


def _derived(
    op: Literal["share", "change"],
    first: Release,
    second: Release,
    ratio: Callable[[Cell, Cell], tuple[float, float, float]],
) -> Release:
    others = {cell.key: cell for cell in second.cells}
    cells: list[Cell] = []
    for cell in first.cells:
        other = others.get(cell.key) or (second.cells[0] if len(second.cells) == 1 and not second.by else None)
        if other is None:
            continue  # a key that only one month has, such as a day, has nothing to be compared with
        value, low, high = ratio(cell, other)
        worst = max((cell.status, other.status), key=("ok", "approximate", "unreliable", "suppressed").index)
        cells.append(Cell(cell.key, value, low, high, (high - low) / (2 * Z95), worst))
    if not cells:
        raise UsageError("These releases have no keys in common. Ask both by the same column.")
    return Release(
        id=f"{op}:{first.id}:{second.id}",
        key="",
        unit="ratio" if op == "share" and first.unit != second.unit else op,
        table=first.table,
        by=first.by,
        month=first.month,
        snapshot=first.snapshot,
        population=first.population,
        floor=first.floor,
        cells=tuple(cells),
        question={"op": op, "of": [first.expression, second.expression]},
        recorded=first.recorded,
    )


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
        of = cast("list[str | dict[str, Any]]", expression.get("of"))
        if operation is None or not isinstance(expression.get("of"), list) or len(of) != 2:
            raise UsageError("This is no expression over releases.")
        return operation(self.evaluate(of[0]), self.evaluate(of[1]))

    def ids(self) -> list[str]:
        """Every stored release, sorted."""
        return sorted(file.stem for file in self.folder.glob("r-*.json"))


def half_width(cell: Cell) -> float:
    """Half of the 95 % interval, in the unit of the value."""
    return (cell.high - cell.low) / 2 if math.isfinite(cell.high - cell.low) else math.inf
