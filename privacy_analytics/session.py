"""The analyst's whole world: a client of a curator. It holds no row, no key and no ledger; only releases come back."""

from __future__ import annotations

import html
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from privacy_analytics import figures
from privacy_analytics.answers import Answer, Shown, combine
from privacy_analytics.dp.questions import ROWS, Quantiles, Question
from privacy_analytics.errors import NotFound, UsageError
from privacy_analytics.planned import Absent, Plan, Suggestion, grid
from privacy_analytics.remote import reached

Json = Mapping[str, Any]
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
    workspace : folder, or ``unix:///run/….sock`` of a curator that another OS user runs, or its ``https://HOST:PORT``
        with the token in $PRIVACY_ANALYTICS_TOKEN; else $PRIVACY_ANALYTICS_WORKSPACE, else the nearest
        ``workspace.toml`` upward
    month : "2026-10", as it was first read, or a revision of it, "2026-10.r1", which the share of revisions pays for;
        empty means the last complete one
    purpose : usage, cohorts, marketing, exploration or revisions
    report : name to write down beside what is released

    Raises
    ------
    NotFound
        no workspace, no data of that month, or no such revision
    SettingsError, PolicyError
        the workspace is not set up, or the purpose does not exist
    TryLater
        no curator listens there
    """
    from privacy_analytics.workspace import VARIABLE, load

    named = str(workspace or os.environ.get(VARIABLE, ""))
    if far := reached(named):
        return Session(far, month=month, purpose=purpose, report=report)
    from privacy_analytics.curator import Curator

    return Session(Curator(load(named or None)), month=month, purpose=purpose, report=report)


class Session:
    """Ask, price, release. Everything returned is public already or becomes public by being released."""

    def __init__(self, curator: Answers, *, month: str, purpose: str, report: str = "") -> None:
        self._curator = curator
        self._about: dict[str, Any] = {"month": month, "purpose": purpose, "report": report}
        self._facts = curator.call("describe", self._about)
        self._about["month"] = self._facts["snapshot"]

    @property
    def month(self) -> str:
        """The month that this session asks about."""
        return str(self._facts["month"])

    @property
    def revised(self) -> bool:
        """Whether it asks about a revision of the month."""
        return str(self._facts["snapshot"]) != f"{self.month}.r0"

    def describe(self) -> Shown:
        """What may be asked: tables, columns, their public keys and bounds. Never a value."""
        rows: list[list[str]] = []
        for table, columns in self._facts["tables"].items():
            for first, (name, spec) in zip([table, *[""] * len(columns)], columns.items(), strict=False):
                more = len(spec["keys"]) - 8
                keys = ", ".join(spec["keys"][:8]) + (f" and {more} more" if more > 0 else "")
                low, high = spec["bounds"] or (0, 0)
                rows.append([first, name, str(spec["per_account"]) if keys else "", keys or f"{low:,} to {high:,}"])
        caption = f"{self._facts['product']} · {self._snapshot()} · what may be asked"
        return grid(["table", "column", "an account counts in", "public keys or bounds"], rows, caption)

    def preview(self, table: str) -> Shown:
        """Five rows made from the contract alone, so that you can see the form of a table. No real row is read."""
        made = self._curator.call("preview", {**self._about, "table": table})
        names = list(made["rows"][0])
        rows = [[str(row[name]) for name in names] for row in made["rows"]]
        return grid(names, rows, "SYNTHETIC: made from the contract, not from data")

    def plan(
        self,
        question: Question | None = None,
        /,
        *,
        share: float | None = None,
        again: int = 0,
        expect: Mapping[str, float] | None = None,
        optional: bool = False,
        **blocks: Question,
    ) -> Plan | Absent:
        """Price one question, or a report's named blocks, before anything is spent.

        Parameters
        ----------
        share : part of what the purpose has left, 0 to 1; a tenth for one question, all of it for blocks
        again : which draw of the question; see ``refine``
        expect : of blocks about few accounts, about which part of all they are: a guess that the split goes by
        optional : where a month that it reads has no data, its blocks are listed as absent instead of an error
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
        if expect:
            request["expect"] = dict(expect)
        try:
            priced = self._curator.call("plan", request)
        except NotFound:
            if not optional:
                raise
            return Absent(list(blocks))
        return Plan(self._release, request, priced, self._earlier, self._first if self.revised else None)

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
        return Suggestion((low, max(math.ceil(answer["p95"].value), math.floor(low) + 1)), answer)  # never nothing

    def budget(self) -> Shown:
        """What each purpose of the month has spent and has left, and what an account may have lost over all months."""
        state = self._curator.call("budget", self._about)
        rows = [
            [purpose, *(f"{row[name] / 1e9:.5f}" for name in ("allowance", "spent", "left"))]
            for purpose, row in state["purposes"].items()
        ]
        parts = [row["spent"] / max(row["allowance"], 1) for row in state["purposes"].values()]
        months = len(state["lifetime"]["months"])
        caption = (
            f"{state['month']}: ε {state['epsilon_spent']:.2f} of {state['epsilon']:g} spent at δ {state['delta']:g}. "
            f"An account in every month asked about ({months}): ε {state['lifetime']['epsilon']:.2f} in all."
        )
        return grid(["purpose", "rho allowed", "rho spent", "rho left"], rows, caption, filled=parts)

    def _release(self, request: Json) -> Json:
        return self._curator.call("release", request)

    def _earlier(self, request: Json) -> Json | None:
        """The blocks that the month before has answered: released again for nothing. None where it has no data."""
        year, month = map(int, self.month.split("-"))
        return self._known({**request, "month": f"{year - (month == 1)}-{(month - 2) % 12 + 1:02}"})

    def _first(self, request: Json) -> Json | None:
        """Of a revision the blocks that the month as it was first read has answered, for nothing."""
        return self._known({**request, "month": self.month})

    def _known(self, before: Json) -> Json | None:
        try:
            priced = self._curator.call("plan", before)
        except NotFound:
            return None
        known = [block["name"] for block in priced["blocks"] if block["answered"]]
        asked: Mapping[str, Json] = before.get("blocks", {})
        blocks = {name: asked[name] for name in asked if name in known}
        return self._release({**before, "blocks": blocks}) if blocks else None

    def _snapshot(self) -> str:
        return f"{self._facts['snapshot']}{f' · {figures.PROVISIONAL}' if self._facts['provisional'] else ''}"

    def _banner(self) -> str:
        facts = self._facts
        left = facts["budget"]["purposes"][facts["paid_from"]]
        paid = "" if facts["paid_from"] == facts["purpose"] else f", paid from {facts['paid_from']}"
        part = left["left"] / max(left["allowance"], 1)
        return (
            f"{facts['product']} · {self._snapshot()} · "
            f"for {facts['purpose']}{paid}, {part:.0%} of its privacy loss left · "
            f"counts accounts: {facts['population']} · policy {facts['policy']} · {facts['timezone']} · "
            f"{facts['trust']}: {_GUARDS[facts['trust']]}"
        )

    def _repr_html_(self) -> str:
        return figures.styled(f"<p>{html.escape(self._banner())}</p>")

    def __repr__(self) -> str:
        return self._banner()
