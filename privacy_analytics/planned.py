"""What a session hands out between question and answer: a priced plan, and the answers of its blocks by name."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from privacy_analytics import figures
from privacy_analytics.answers import Answer, Shown, compare, share, tiles
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import NotFound, UsageError

Json = Mapping[str, Any]
Part = str | tuple[str, str]
"""A block of a plan by name, or two of them: the first as a share of the second."""


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

    def release(self) -> Released:
        """Answer every block of the plan: stored answers free, new ones from one reservation."""
        return Released(self.ask(self.request))

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
        caption = (
            f"Costs rho {self.priced['nano_rho'] / 1e9:.5f}{delta} of {self.priced['left'] / 1e9:.5f} left{each}. "
            f"Planned for {self.priced['accounts']:,.0f} accounts ({known}). Nothing is spent yet."
        )
        return grid(["block", "rho", "95 % ±", "typical cell", "cells an account counts in", "outlook"], rows, caption)

    def _repr_html_(self) -> str:
        return self._shown().html

    def __repr__(self) -> str:
        return self._shown().text


class Released:
    """The answers of a plan, by block: ``released.month``, ``released["month"]``."""

    def __init__(self, outcome: Json) -> None:
        self._outcome = outcome
        cost = f"Spent rho {self.spent:.5f}" if self.spent else "Answered before: spent 0"
        cost += f"; left for this purpose: {outcome['left'] / 1e9:.5f}."
        self._answers = {name: Answer(Release.from_raw(raw), cost) for name, raw in outcome["releases"].items()}

    @property
    def spent(self) -> float:
        """The rho that this call spent; 0 where everything was answered before."""
        return self._outcome["nano_rho"] / 1e9

    def __getitem__(self, name: str) -> Answer:
        if name not in self._answers:
            missing = {each["name"] for each in self._outcome["too_small"]} | set(self._outcome["lost"])
            if name in missing:
                raise NotFound(f"Block {name!r} is not in this month's answers; see .not_shown().")
            raise UsageError(f"The plan has no such block. It has: {', '.join(self._answers)}.")
        return self._answers[name]

    def __getattr__(self, name: str) -> Answer:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def __contains__(self, name: object) -> bool:
        return name in self._answers

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._answers]

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._answers)

    def show(self, name: str, title: str | None = None, *, of: str | None = None) -> Shown:
        """A block's figure, as shares of another block if one is named; or a line that it is too small this month."""
        return self._unless_small([(name, of) if of else name], lambda answers: answers[0].plot(title))

    def tiles(self, *parts: Part, labels: Sequence[str] | None = None) -> Shown:
        """Headline numbers side by side; a pair of blocks is the first as a share of the second."""
        return self._unless_small(parts, lambda answers: tiles(*answers, labels=labels))

    def compare(self, cohort: Part, everybody: Part, *, names: Sequence[str], title: str | None = None) -> Shown:
        """Two blocks (or shares) with the same keys side by side."""
        return self._unless_small([cohort, everybody], lambda both: compare(*both, names=names, title=title))

    def sentence(self, name: str, says: str | None = None) -> Shown:
        """A block's number as one quotable sentence."""
        return self._unless_small([name], lambda answers: answers[0].sentence(says=says))

    def summary(self) -> Shown:
        """One sentence for each single number that stands clear of its noise, in the order of the plan."""
        parts = [answer.release for answer in self._answers.values() if not answer.release.by]
        parts = [part for part in parts if part.cells[0].status == "ok"] or parts[:1]
        html = "".join(figures.fragment("sentence", part) for part in parts)
        text = "\n".join(figures.sentence(part) for part in parts)
        return Shown(html, text) if parts else self.not_shown()

    def not_shown(self) -> Shown:
        """What is too small this month, and from how many accounts it would be shown."""
        small = self._outcome["too_small"]
        text = "\n".join(f"{each['name']}: from about {figures.bucket(each['needs']):,} accounts" for each in small)
        return Shown(_unshown(small), text or "Everything asked for is shown.")

    def privacy_box(self) -> Shown:
        """What was promised, what it cost, and under which bounds."""
        parts = [answer.release for answer in self._answers.values()]
        return Shown(figures.fragment("privacy_box", *parts), "One account, all its rows, in one calendar month.")

    def _unless_small(self, parts: Sequence[Part], draw: Callable[[list[Answer]], Shown]) -> Shown:
        names = [name for part in parts for name in ((part,) if isinstance(part, str) else part)]
        if missing := [name for name in names if name not in self._answers]:
            small = [each for each in self._outcome["too_small"] if each["name"] in missing]
            return Shown(_unshown(small), f"{', '.join(missing)}: too small to show this month")
        return draw([self[part] if isinstance(part, str) else share(self[part[0]], of=self[part[1]]) for part in parts])

    def __repr__(self) -> str:
        return f"Released: {', '.join(self._answers)}. {len(self._outcome['too_small'])} block(s) too small."


def _unshown(small: Sequence[Json]) -> str:
    blocks = [{"name": each["name"].replace("_", " "), "needs": figures.bucket(each["needs"])} for each in small]
    return figures.fragment("not_shown", blocks=blocks)


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
