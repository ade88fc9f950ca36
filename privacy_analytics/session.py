"""The analyst's whole world: a client of a curator. It holds no row, no key and no ledger; only releases come back."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from privacy_analytics import figures
from privacy_analytics.answers import Answer, Shown, combine, compare, share, tiles
from privacy_analytics.dp.questions import ROWS, Quantiles, Question
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.remote import SCHEME, RemoteCurator

Json = Mapping[str, Any]
Part = str | tuple[str, str]
"""A block of a plan by name, or two of them: the first as a share of the second."""
ONE_QUESTION = 0.1
"""Part of what a purpose has left that one question takes unless told otherwise."""
REFINED = ("count_accounts", "count_rows", "sum", "histogram", "retention")
"""Kinds whose draws can be combined: their noise has one public width."""
HALVED = 24
"""Suggested bounds are the contract's, halved so many times at most."""

_GUARDS = {
    "embedded": "this guards against accidents, not against somebody who opens the files",
    "enforced": "lake, key and ledger belong to another user; only releases come here",
}


class Answers(Protocol):
    """Whatever answers a curator's five calls, in this process or another."""

    def call(self, name: str, request: Json, /) -> Json: ...


def open_session(
    workspace: str | Path | None = None, month: str = "", purpose: str = "exploration", report: str = ""
) -> Session:
    """Open a session on a workspace's month.

    Parameters
    ----------
    workspace : folder, or ``unix:///run/….sock`` of a curator that another OS user runs; else
        $PRIVACY_ANALYTICS_WORKSPACE, else the nearest ``workspace.toml`` upward
    month : "2026-10"; empty means the last complete one
    purpose : usage, cohorts, marketing, exploration or revisions
    report : name to write down beside what is released

    Raises
    ------
    NotFound
        no workspace, or no data of that month
    SettingsError, PolicyError
        the workspace is not set up, or the purpose does not exist
    TryLater
        no curator listens at that socket
    """
    from privacy_analytics.workspace import VARIABLE, load

    named = str(workspace or os.environ.get(VARIABLE, ""))
    if named.startswith(SCHEME):
        return Session(RemoteCurator(named), month=month, purpose=purpose, report=report)
    from privacy_analytics.curator import Curator

    return Session(Curator(load(named or None)), month=month, purpose=purpose, report=report)


class Session:
    """Ask, price, release. Everything returned is public already or becomes public by being released."""

    def __init__(self, curator: Answers, *, month: str, purpose: str, report: str = "") -> None:
        self._curator = curator
        self._about: dict[str, Any] = {"month": month, "purpose": purpose, "report": report}
        self._facts = curator.call("describe", self._about)
        self._about["month"] = self._facts["month"]

    @property
    def month(self) -> str:
        """The month that this session asks about."""
        return str(self._facts["month"])

    def describe(self) -> Shown:
        """What may be asked: tables, columns, their public keys and bounds. Never a value."""
        rows: list[list[str]] = []
        for table, columns in self._facts["tables"].items():
            for first, (name, spec) in zip([table, *[""] * len(columns)], columns.items(), strict=False):
                more = len(spec["keys"]) - 8
                keys = ", ".join(spec["keys"][:8]) + (f" and {more} more" if more > 0 else "")
                low, high = spec["bounds"] or (0, 0)
                rows.append([first, name, str(spec["per_account"]) if keys else "", keys or f"{low:,} to {high:,}"])
        return _grid(["table", "column", "an account counts in", "public keys or bounds"], rows, self._banner())

    def preview(self, table: str) -> Shown:
        """Five rows made from the contract alone, so that you can see the form of a table. No real row is read."""
        made = self._curator.call("preview", {**self._about, "table": table})
        names = list(made["rows"][0])
        rows = [[str(row[name]) for name in names] for row in made["rows"]]
        return _grid(names, rows, "SYNTHETIC: made from the contract, not from data")

    def plan(
        self, question: Question | None = None, /, *, share: float | None = None, again: int = 0, **blocks: Question
    ) -> Plan:
        """Price one question, or a report's named blocks, before anything is spent.

        Parameters
        ----------
        share : part of what the purpose has left, 0 to 1; a tenth for one question, all of it for blocks
        again : which draw of the question; see ``refine``
        """
        if (question is None) == (not blocks):
            raise UsageError("Plan one question, or name several: session.plan(month=..., day=..., share=0.5).")
        request = dict(self._about)
        if question is not None:
            part = ONE_QUESTION if share is None else share
            request |= {"question": question.canonical(), "share": part, "again": again}
        else:
            named = {name: each.canonical() for name, each in blocks.items()}
            request |= {"blocks": named, "share": 1.0 if share is None else share}
        return Plan(self, request, self._curator.call("plan", request))

    def release(self, question: Question, *, share: float = ONE_QUESTION) -> Answer:
        """Answer a question. Asked again, from anywhere, it is the same answer and costs nothing.

        Raises
        ------
        InsufficientLoss
            it is new, and the purpose has nothing left
        UsageError
            a column or key that is not public; the nearest one is named
        """
        return self.plan(question, share=share).release()["answer"]

    def refine(self, question: Question, *, draws: int = 2, share: float = ONE_QUESTION) -> Answer:
        """A more precise answer to a count or a sum: fresh noise is paid for, and all draws are combined.

        Asked again with as many draws it is the same answer and costs nothing; ``release`` still gives the first one.

        Parameters
        ----------
        draws : of the question altogether; each that is new takes ``share`` of what is left then

        Raises
        ------
        InsufficientLoss
            a draw is new, and the purpose has nothing left
        UsageError
            a mean, quantile or phrase, whose draws cannot be weighted
        """
        if question.kind not in REFINED:
            raise UsageError("Counts and sums can be refined. For a better mean or quantile ask with a larger share.")
        plans = (self.plan(question, share=share, again=again) for again in range(draws))
        return combine(*(plan.release()["answer"] for plan in plans))

    def suggest_bounds(
        self, table: str, column: str, *, of: Literal["mean", "total"] = "mean", share: float = ONE_QUESTION
    ) -> Suggestion:
        """Bounds that about 19 in 20 accounts stay within, from a released quantile: it costs, openly, and is stored.

        Parameters
        ----------
        column : a number of the table, or ``"rows"``
        of : an account's mean (for Mean, Quantiles, Histogram) or its total (for Sum; CountRows with ``"rows"``)
        """
        spec = self._facts["tables"].get(table, {}).get(column)
        low, high = (spec or {}).get("bounds") or (0, 1)
        if of == "total" or column == ROWS:
            low, high = (end * self._facts["rows_per_account"].get(table, 1) for end in (low, high))
        points = [low + (high - low) / 2**halved for halved in range(HALVED, -1, -1)]
        question = Quantiles(table, column, [0.95], of=of, candidates=[low, *points])
        answer = self.release(question, share=share)
        return Suggestion((low, math.ceil(answer["p95"].value)), answer)

    def budget(self) -> Shown:
        """What each purpose of the month has spent and has left, and what an account may have lost over all months."""
        state = self._curator.call("budget", self._about)
        rows = [
            [purpose, *(f"{row[name] / 1e9:.5f}" for name in ("allowance", "spent", "left"))]
            for purpose, row in state["purposes"].items()
        ]
        parts = {purpose: row["spent"] / max(row["allowance"], 1) for purpose, row in state["purposes"].items()}
        months = len(state["lifetime"]["months"])
        caption = (
            f"{state['month']}: ε {state['epsilon_spent']:.2f} of {state['epsilon']:g} spent at δ {state['delta']:g}. "
            f"An account of all {months} month(s) asked about: ε {state['lifetime']['epsilon']:.2f}."
        )
        shown = _grid(["purpose", "rho allowed", "rho spent", "rho left"], rows, caption)
        return Shown(shown.html + _bars(parts), shown.text)

    def ask(self, request: Json) -> Json:
        """Send a priced plan to be released; ``Plan.release`` is the way to call it."""
        return self._curator.call("release", request)

    def _banner(self) -> str:
        facts = self._facts
        left = facts["budget"]["purposes"][facts["purpose"]]
        part = left["left"] / max(left["allowance"], 1)
        return (
            f"{facts['product']} · {facts['snapshot']} · for {facts['purpose']}, {part:.0%} of its privacy loss left · "
            f"counts {facts['population']} · policy {facts['policy']} · {facts['timezone']} · "
            f"{facts['trust']}: {_GUARDS[facts['trust']]}"
        )

    def _repr_html_(self) -> str:
        return figures.styled(f"<p>{html.escape(self._banner())}</p>")

    def __repr__(self) -> str:
        return self._banner()


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

    session: Session
    request: Json
    priced: Json

    def release(self) -> Released:
        """Answer every block of the plan: stored answers free, new ones from one reservation."""
        return Released(self.session.ask(self.request))

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
        return _grid(["block", "rho", "95 % ±", "typical cell", "cells an account counts in", "outlook"], rows, caption)

    def _repr_html_(self) -> str:
        return self._shown().html

    def __repr__(self) -> str:
        return self._shown().text


class Released:
    """The answers of a plan, by block: ``released.month``, ``released["month"]``."""

    def __init__(self, outcome: Json) -> None:
        self._outcome = outcome
        spent = outcome["nano_rho"]
        cost = f"Spent rho {spent / 1e9:.5f}" if spent else "Answered before: spent 0"
        cost += f"; left for this purpose: {outcome['left'] / 1e9:.5f}."
        self._answers = {name: Answer(Release.from_raw(raw), cost) for name, raw in outcome["releases"].items()}

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


def _grid(names: list[str], rows: list[list[str]], caption: str) -> Shown:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in names)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    table = (
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )
    widths = [max(len(row[i]) for row in [names, *rows]) for i in range(len(names))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in [names, *rows]]
    return Shown(f'<div class="pa wide">{table}</div>', "\n".join([caption, *lines]))


def _bars(parts: Mapping[str, float]) -> str:
    """How much of each purpose's share is spent, as bars that also print."""
    bars = "".join(
        f'<tr><td>{html.escape(name)}</td><td><meter min="0" max="1" value="{part:.4f}"></meter></td>'
        f"<td>{part:.0%} spent</td></tr>"
        for name, part in parts.items()
    )
    return f'<div class="pa"><table><tbody>{bars}</tbody></table></div>'
