"""A release: published values with their error bars and provenance, a plain value.

Its bytes (``to_json``) are canonical: sorted keys, UTF-8, one line. ``docs/release-format.md`` describes the fields.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from privacy_analytics.errors import NotFound, UsageError

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

FORMAT = 1
Unit = Literal["accounts", "rows", "sum", "mean", "quantile", "share", "ratio", "change"]
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
    sigma: float | None
    """None where the noise is no number added to the value, as of quantiles."""
    status: Status


@dataclass(frozen=True)
class Clipped:
    """How many accounts met a bound, so that the answer lacks some of what they did: noised, with a 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Mechanism:
    """What was done: the noise, its scale, and the bounds on what one account contributes."""

    name: str
    sigma: float | None
    """Standard deviation of the noise, in steps of the answer's fixed point; None where there is none to name."""
    per_account: int
    """Cells one account counts in, at most."""
    per_cell: float
    """What one account adds to one cell, at most, in the unit of the answer."""
    l2: float
    """Largest L2 norm of one account's contribution: what was priced; of a question that spans months twice that."""
    bounds: tuple[float, float] | None = None
    """What an account's number was clamped into, in the unit of its column."""
    clipped: Clipped | None = None
    """None where no bound could be met, or where to count would have cost too much."""


@dataclass(frozen=True)
class Release:
    """Published values of one question. Derived ones (``share``, ``change``) name what they were made from."""

    id: str
    key: str
    """SHA-256 of the canonical question, population and snapshot; empty for a derived value."""
    unit: Unit
    table: str
    by: tuple[str, ...]
    month: str
    snapshot: str
    population: str
    floor: int
    cells: tuple[Cell, ...]
    question: Mapping[str, Any]
    """The canonical question, with ``op`` and ``operands`` (expressions) for a derived value."""
    mechanism: Mechanism | None = None
    nano_rho: int = 0
    delta: int = 0
    """In 1e-15: what its thresholds cost."""
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
        return self.id if self.key else {"op": self.question["op"], "of": self.question["operands"]}

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
        fields["mechanism"] = _mechanism(fields["mechanism"]) if fields["mechanism"] else None
        return cls(**fields)


def trust(value: float, sigma: float) -> Status:
    """How far to trust a noised value. Reads noised values and public constants only, so it costs nothing."""
    if value >= OK * sigma:
        return "ok"
    return "approximate" if value >= APPROXIMATE * sigma else "unreliable"


def status(value: float, sigma: float, floor: float) -> Status:
    """How far to trust a noised count; below the floor, by twice its noise, it is not shown."""
    return "suppressed" if value - 2 * sigma < floor else trust(value, sigma)


def half_width(cell: Cell) -> float:
    """Half of the 95 % interval, in the unit of the value."""
    return (cell.high - cell.low) / 2 if math.isfinite(cell.high - cell.low) else math.inf


def _mechanism(raw: Mapping[str, Any]) -> Mechanism:
    clipped, bounds = raw.get("clipped"), raw.get("bounds")
    parts: dict[str, Any] = {
        "clipped": Clipped(**clipped) if clipped else None,
        "bounds": tuple(bounds) if bounds else None,
    }
    return Mechanism(**{**raw, **parts})
