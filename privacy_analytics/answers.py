"""What an analyst holds: a release with its figure, table and sentence. Nothing here reads data; drawing is free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from privacy_analytics import figures
from privacy_analytics.dp import arithmetic
from privacy_analytics.dp.releases import Cell, Release

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True)
class Shown:
    """Something to look at in a notebook: HTML in JupyterLab and reports, text elsewhere."""

    html: str
    text: str

    def _repr_html_(self) -> str:
        return f"<style>{figures.style()}</style>{self.html}"

    def __repr__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Answer:
    """A released answer. In a notebook it shows itself as a figure with error bars, its numbers and its cost."""

    release: Release
    cost: str = ""
    """What this call spent and what is left, in words."""

    def __getitem__(self, key: str | tuple[str, ...]) -> Cell:
        return self.release[key]

    def to_polars(self) -> pl.DataFrame:
        """One row a cell: key columns, value, low, high, sigma, status."""
        return self.release.to_polars()

    def to_pandas(self) -> pd.DataFrame:
        """One row a cell: key columns, value, low, high, sigma, status."""
        return self.release.to_pandas()

    def to_csv(self) -> bytes:
        """The cells as UTF-8, safe to open in a spreadsheet; passes the gate. See ``exports.to_csv``."""
        from privacy_analytics.exports import to_csv

        return to_csv(self.release)

    def to_json(self) -> bytes:
        """Title, unit, month, cells, source and method; passes the gate, too. See ``exports.to_json``."""
        from privacy_analytics.exports import to_json

        return to_json(self.release)

    def plot(self, title: str | None = None) -> Shown:
        """The figure that fits: a tile, bars, a line over time, ranges of quantiles, a shaded table of two keys."""
        return Shown(figures.figure(self.release, title=title), figures.alt_text(self.release))

    def table(self) -> Shown:
        """Every cell with its 95 % interval and how far to trust it."""
        return Shown(figures.table(self.release), repr(self.to_polars()))

    def sentence(self, key: str | tuple[str, ...] | None = None, says: str | None = None) -> Shown:
        """One quotable sentence with its interval, of the whole or of one key; ``says`` replaces what they did."""
        parts = (key,) if isinstance(key, str) else key
        html = figures.fragment("sentence", self.release, key=parts, says=says)
        return Shown(html, figures.sentence(self.release, key=parts, says=says))

    def _ipython_key_completions_(self) -> list[str]:
        return [cell.key[0] for cell in self.release.cells if len(cell.key) == 1]

    def _repr_html_(self) -> str:
        cost = f'<p class="note">{escape(self.cost)}</p>' if self.cost else ""
        return figures.styled(figures.figure(self.release) + cost)

    def __repr__(self) -> str:
        return f"{figures.sentence(self.release)}\n{self.to_polars()}\n{self.cost}".strip()


def share(part: Answer, *, of: Answer) -> Answer:
    """Each cell of ``part`` as a share of ``of``, a total or one with the same keys. Free; see ``arithmetic.share``."""
    return Answer(arithmetic.share(part.release, of=of.release), "Arithmetic on releases: spent nothing.")


def change(new: Answer, old: Answer) -> Answer:
    """Relative change of each cell between two answers to the same question. Free; see ``arithmetic.change``."""
    return Answer(arithmetic.change(new.release, old.release), "Arithmetic on releases: spent nothing.")


def add(*answers: Answer) -> Answer:
    """The sum of several answers cell by cell, or of one over its cells. Free; see ``arithmetic.add``."""
    return Answer(arithmetic.add(*(answer.release for answer in answers)), "Arithmetic on releases: spent nothing.")


def average(answer: Answer) -> Answer:
    """The mean of a count over its cells, such as accounts on an average day. Free; see ``arithmetic.average``."""
    return Answer(arithmetic.average(answer.release), "Arithmetic on releases: spent nothing.")


def kept(answer: Answer) -> Answer:
    """Of a retention's cohorts the share that came back, by weeks later. Free; see ``arithmetic.kept``."""
    return Answer(arithmetic.kept(answer.release), "Arithmetic on releases: spent nothing.")


def combine(*draws: Answer) -> Answer:
    """Several draws of one question as one answer, by their precision. Free; see ``arithmetic.combine``."""
    return Answer(arithmetic.combine(*(draw.release for draw in draws)), " ".join(draw.cost for draw in draws))


def tiles(*answers: Answer, labels: Sequence[str] | None = None) -> Shown:
    """Headline numbers side by side; each answer has one cell."""
    parts = [answer.release for answer in answers]
    html = figures.fragment("tiles", *parts, labels=list(labels) if labels else None)
    return Shown(html, "\n".join(figures.sentence(part) for part in parts))


def compare(cohort: Answer, everybody: Answer, *, names: Sequence[str], title: str | None = None) -> Shown:
    """Two answers with the same keys side by side, such as the shares of a cohort and of everybody."""
    parts = cohort.release, everybody.release
    html = figures.fragment("compare", *parts, title=title, names=list(names))
    return Shown(html, "\n".join(figures.alt_text(part) for part in parts))
