"""What a session hands out between question and answer: a priced plan, and bounds that it suggests."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from privacy_analytics.answers import Answer, Shown
from privacy_analytics.released import Released

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Suggestion:
    """Suggested bounds, to hand to a question, and the released quantile that they come from."""

    bounds: tuple[float, float]
    answer: Answer

    def __repr__(self) -> str:
        cell = self.answer["p95"]
        return (
            f"bounds={self.bounds}: about 19 in 20 accounts stay within (the 95th percentile lies between "
            f"{cell.low:,g} and {cell.high:,g}; {cell.status}). {self.answer.cost}"
        )


@dataclass(frozen=True)
class Plan:
    """Priced, not yet spent. ``release()`` reserves once and answers; doing it again is free."""

    ask: Callable[[Json], Json]
    """Sends it to be released."""
    request: Json
    priced: Json
    earlier: Callable[[Json], Json | None]
    """What of it the month before has answered already."""
    first: Callable[[Json], Json | None] | None = None
    """What of it the month as it was first read has answered; None where this is no revision."""

    def release(self) -> Released:
        """Answer every block of the plan: stored answers free, new ones from one reservation."""
        first = self.first
        return Released(
            self.ask(self.request),
            lambda: self.earlier(self.request),
            (lambda: first(self.request)) if first else None,
        )

    def _shown(self) -> Shown:
        rows: list[list[str]] = []
        for block in self.priced["blocks"]:
            width, cell = block["half_width"], block["expected_cell"]
            verdict = (
                "answered already, free"
                if block["answered"]
                else f"too small; from about {block['needs']:,} accounts"
                if block["needs"]
                else "looks useful"
                if width and width <= cell / 2
                else "unreliable at this size"
            )
            expected = f"±{width:,.0f}" if width else "–"
            bounds = f"{block['per_account']} of {block['cells']}"
            rows.append([block["name"], f"{block['nano_rho'] / 1e9:.5f}", expected, f"{cell:,.0f}", bounds, verdict])
            rows += [
                ["", f"{other['nano_rho'] / 1e9:.5f}", f"±{other['half_width']:,.0f}", f"{other['expected_cell']:,.0f}",
                 "", f"or {other['says']}"]
                for other in block["instead"]
            ]  # fmt: skip
        known = "released" if self.priced["accounts_released"] else "declared in workspace.toml"
        months = self.priced["months"]
        each = f" of each of the {len(months)} months that it spans" if len(months) > 1 else ""
        delta = f" and δ {self.priced['delta'] / 1e15:.1g}" if self.priced["delta"] else ""
        cost = f"rho {self.priced['nano_rho'] / 1e9:.5f}{delta} of" if self.priced["nano_rho"] else "nothing; rho"
        caption = (
            f"Costs {cost} {self.priced['left'] / 1e9:.5f} left{each}. "
            f"Planned for {self.priced['accounts']:,.0f} accounts ({known}). Nothing is spent yet."
        )
        return grid(["block", "rho", "95 % ±", "typical cell", "cells an account counts in", "outlook"], rows, caption)

    def _repr_html_(self) -> str:
        return self._shown()._repr_html_()

    def __repr__(self) -> str:
        return self._shown().text


@dataclass(frozen=True)
class Absent:
    """A plan of which a month has no data: it costs nothing, and its blocks are listed as absent."""

    blocks: list[str]

    def release(self) -> Released:
        small = [{"name": name, "needs": None} for name in self.blocks]
        return Released({"releases": {}, "too_small": small, "lost": [], "nano_rho": 0, "left": 0})

    def __repr__(self) -> str:
        return f"A month has no data for: {', '.join(self.blocks)}."


def grid(names: list[str], rows: list[list[str]], caption: str, *, filled: Sequence[float] = ()) -> Shown:
    """A table under its caption; ``filled`` adds a bar to each row, from 0 to 1, that also prints."""
    bars = [f'<td><meter min="0" max="1" value="{part:.4f}"></meter> {part:.0%}</td>' for part in filled]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names) + ("<th></th>" if bars else "")
    cells = ["".join(f"<td>{html.escape(cell)}</td>" for cell in row) for row in rows]
    body = "".join(f"<tr>{row}{bar}</tr>" for row, bar in zip_longest(cells, bars, fillvalue=""))
    table = (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    widths = [max(len(row[i]) for row in [names, *rows]) for i in range(len(names))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [names, *rows]]
    return Shown(f'<div class="pa wide">{table}</div>', "\n".join([caption, *lines]))
