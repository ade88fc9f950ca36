"""The answers of a plan by block, beside the same blocks of the month before: what a report is written from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from privacy_analytics import figures
from privacy_analytics.answers import Answer, Shown, average, compare, kept, share
from privacy_analytics.claims import AVERAGES, Claim, Told
from privacy_analytics.dp.releases import Release
from privacy_analytics.errors import NotFound, UsageError

Json = Mapping[str, Any]
Part = str | tuple[str, str]
"""A block of a plan by name; ``"day:average day"`` is its mean, ``"stayed:kept"`` the share of a cohort that came back;
or two of them: the first as a share of the second."""
_FREE = {**dict.fromkeys(AVERAGES, average), "kept": kept}
Ask = Callable[[], Json | None]


class Released:
    """The answers of a plan, by block: ``released.month``, ``released["month"]``. ``one | other`` has those of both."""

    def __init__(self, outcome: Json, earlier: Ask = lambda: None, first: Ask | None = None) -> None:
        self._outcome, self._ask, self._first = outcome, earlier, first
        self._titles: dict[str, str] = {}  # what a reader calls a block
        cost = f"Spent rho {self.spent:.5f}" if self.spent else "Answered before: spent 0"
        cost += f"; left for this purpose: {outcome['left'] / 1e9:.5f}."
        self._answers = {name: Answer(Release.from_raw(raw), cost) for name, raw in outcome["releases"].items()}

    @property
    def spent(self) -> float:
        """The rho that this call spent; 0 where everything was answered before."""
        return self._outcome["nano_rho"] / 1e9

    @cached_property
    def before(self) -> Mapping[str, Answer]:
        """The same blocks of the month before, as far as that month's report has released them. Free."""
        return _answers(self._ask)

    def __or__(self, other: Released) -> Released:
        """The blocks of both; a name that both have is refused."""
        if set(self) & set(other):
            raise UsageError("Both plans have a block of the same name. Name one of them otherwise.")
        outcome = {
            "releases": self._outcome["releases"] | other._outcome["releases"],
            "too_small": [*self._outcome["too_small"], *other._outcome["too_small"]],
            "lost": [*self._outcome["lost"], *other._outcome["lost"]],
            "nano_rho": self._outcome["nano_rho"] + other._outcome["nano_rho"],
            "left": min(self._outcome["left"], other._outcome["left"]),
        }
        first = [ask for ask in (self._first, other._first) if ask]
        merged = Released(outcome, _together([self._ask, other._ask]), _together(first) if first else None)
        merged._answers = self._answers | other._answers  # each keeps what it cost
        return merged

    def __getitem__(self, name: str) -> Answer:
        self._check(name)
        if name not in self._answers:
            raise NotFound(f"Block {name!r} is not in this month's answers; see .not_shown().")
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

    def show(self, name: str, title: str | None = None, *, of: str | None = None, as_: str = "figure") -> Shown:
        """A block's figure, as shares of another block if one is named; or a line that it is too small this month.

        Bars and tiles also say what clearly changed since the month before, where that was released.
        ``as_="stacked"`` draws accounts that are in one cell each as the parts of one bar.
        """
        part: Part = (name, of) if of else name
        if title:
            self._titles[name.partition(":")[0]] = title
        if missing := self._missing([part]):
            return missing
        now = self._part(part)
        if now.release.by and not now.release.shown:
            return Shown(self._unshown([{"name": name, "needs": None}], beside=True), f"{name}: too small this month")
        before = self._since(part, now) if _bars(now) and as_ == "figure" else None
        since = [before] if before else []
        parts = [answer.release for answer in (now, *since)]
        return Shown(figures.fragment(as_, *parts, title=title), figures.alt_text(now.release))

    def tiles(self, *parts: Part, labels: Sequence[str] | None = None) -> Shown:
        """Headline numbers side by side with their change; those that are too small this month are left out."""
        self._titles |= {part: said for part, said in zip(parts, labels or (), strict=False) if isinstance(part, str)}
        here = [at for at, part in enumerate(parts) if not self._missing([part]) and self._part(part).release.shown]
        if not here:
            blocks = [(part if isinstance(part, str) else part[0]).partition(":")[0] for part in parts]
            small = [{"name": block, "needs": None} for block in blocks]
            return self._missing(parts) or Shown(self._unshown(small, beside=True), "Too small to show this month.")
        now = [self._part(parts[at]) for at in here]
        old = [self._since(parts[at], answer) for at, answer in zip(here, now, strict=True)]
        known = [answer for answer in old if answer]
        places = iter(range(len(now), len(now) + len(known)))
        before = [next(places) if answer else None for answer in old]
        said = [labels[at] for at in here] if labels else None
        drawn = [answer.release for answer in (*now, *known)]
        html = figures.fragment("tiles", *drawn, labels=said, before=before if known else None)
        return Shown(html, "\n".join(figures.sentence(answer.release) for answer in now))

    def compare(self, cohort: Part, everybody: Part, *, names: Sequence[str], title: str | None = None) -> Shown:
        """Two blocks (or shares) with the same keys side by side."""
        missing = self._missing([cohort, everybody])
        return missing or compare(self._part(cohort), self._part(everybody), names=names, title=title)

    def slopes(self, before: Part, after: Part, others_before: Part, others_after: Part, *, names: Sequence[str],
               title: str) -> Shown:  # fmt: skip
        """One number of a group and of those it is compared with, the month before and this month."""
        parts = (before, after, others_before, others_after)
        if missing := self._missing(parts):
            return missing
        releases = [self._part(part).release for part in parts]
        html = figures.fragment("slopes", *releases, title=title, names=list(names))
        return Shown(html, "\n".join(figures.sentence(release) for release in releases))

    def sentence(self, name: str, says: str | None = None) -> Shown:
        """A block's number as one quotable sentence."""
        return self._missing([name]) or self._answers[name].sentence(says=says)

    def claims(self, *claims: Claim, everything: bool = False) -> Shown:
        """The first five sentences that the numbers clearly support, of all that are tried here together.

        Intervals are widened so that all of them hold at once; ``everything`` also shows what is unclear. A claim
        about a block that is too small this month, or about a month before that was not reported, is not tried.
        """
        for claim in claims:
            for block in claim.blocks():
                self._check(block)
        before = {name: answer.release for name, answer in self.before.items()}
        told = Told({name: answer.release for name, answer in self._answers.items()}, before)
        specs = [spec for claim in claims if (spec := told.spec(claim))]
        if not specs:
            return self.not_shown()
        said = figures.judged(specs, told.used)
        html = figures.fragment("claims", *told.used, claims=specs, everything=everything or None)
        return Shown(html, "\n".join(each.text for each in said if each.text))

    def revised(self) -> Shown | None:
        """What late rows changed: each number as first reported, revised, and their difference; None on no revision.

        Of the blocks that both have answered, at the same grain of time.
        """
        if self._first is None:
            return None
        first = _answers(self._first)
        pairs = [
            (self._titles.get(name) or name.replace("_", " ").capitalize(), first[name].release, answer.release)
            for name, answer in self._answers.items()
            if name in first and figures.revises(answer.release, first[name].release)
        ]
        names = [name for name, _, _ in pairs]
        html = figures.fragment("revised", *(each for _, old, new in pairs for each in (old, new)), names=names)
        return Shown(html, f"As first reported and revised: {', '.join(names) or 'no number in common'}.")

    def persona(self, *blocks: str, labels: Sequence[str] | None = None, title: str | None = None) -> Shown:
        """A composite of the most common key of several blocks, marked as what it is."""
        here = [at for at, name in enumerate(blocks) if name in self and self[name].release.shown]
        if len(here) < 2:
            return self._missing(blocks) or self.not_shown()
        said = [labels[at] for at in here] if labels else None
        parts = [self[blocks[at]].release for at in here]
        html = figures.fragment("persona", *parts, labels=said, title=title)
        return Shown(html, "A composite of separate statistics; no real person is like this.")

    def not_shown(self) -> Shown:
        """What is too small this month, and from how many accounts it would be shown."""
        small = self._absent
        text = "\n".join(f"{each['name']}: {_from(each['needs'])}" for each in small)
        return Shown(self._unshown(small), text or "Everything asked for is shown.")

    def method(self) -> Shown:
        """What was counted, who is not in it, how noise was added, what may not be said."""
        return Shown(figures.fragment("method", *self._releases()), "How these numbers were made.")

    def footnotes(self) -> Shown:
        """One note for each release, with its question in words, its bounds and its noise."""
        return Shown(figures.fragment("footnotes", *self._releases()), "Sources of the numbers.")

    def privacy_box(self) -> Shown:
        """What was promised, what it cost, and under which bounds."""
        return Shown(
            figures.fragment("privacy_box", *self._releases()), "One account, all its rows, in one calendar month."
        )

    def _releases(self) -> list[Release]:
        return [answer.release for answer in self._answers.values()]

    def _part(self, part: Part, answers: Mapping[str, Answer] | None = None) -> Any:
        """The answer of a part; None where the month before lacks it."""
        known = self._answers if answers is None else answers
        names = (part,) if isinstance(part, str) else part
        each: list[Answer] = []
        for name in names:
            block, _, free = name.partition(":")
            if block not in known or not _fits(known[block], free):
                return None
            each.append(_FREE[free](known[block]) if free else known[block])
        return share(each[0], of=each[1]) if len(each) > 1 else each[0]

    def _since(self, part: Part, now: Answer) -> Answer | None:
        """The part a month before; None where it was not released, or under other bounds, as of a shorter month."""
        before = self._part(part, self.before)
        return before if before and figures.comparable(now.release, before.release) else None

    def _missing(self, parts: Sequence[Part]) -> Shown | None:
        """A line about the blocks that are too small this month; None where all are there."""
        named = [name.partition(":") for part in parts for name in ((part,) if isinstance(part, str) else part)]
        for block, _, _ in named:
            self._check(block)
        missing = [block for block, _, _ in named if block not in self._answers]
        coarse = [block for block, _, free in named if block in self._answers and not _fits(self[block], free)]
        if not missing and not coarse:
            return None
        small = [each for each in self._absent if each["name"] in missing]
        small += [{"name": block, "needs": None} for block in coarse]
        return Shown(self._unshown(small, beside=True), f"{', '.join(missing + coarse)}: too small to show this month")

    @property
    def _absent(self) -> list[Json]:
        """The blocks without an answer and what they would need; nothing helps one that was lost in a crash."""
        return [*self._outcome["too_small"], *({"name": name, "needs": 0} for name in self._outcome["lost"])]

    def _check(self, block: str) -> None:
        """Raise UsageError for a block that was never planned."""
        known = [*self._answers, *(each["name"] for each in self._absent)]
        if block not in known:
            raise UsageError(f"The plan has no such block. It has: {', '.join(known)}.")

    def _unshown(self, small: Sequence[Json], *, beside: bool = False) -> str:
        named = [(self._titles.get(each["name"].partition(":")[0], each["name"].replace("_", " ")), each["needs"])
                 for each in small]  # fmt: skip
        blocks = [{"name": name, "needs": needs and figures.bucket(needs)} for name, needs in named]
        return figures.fragment("not_shown", blocks=blocks, beside=beside or None)

    def __repr__(self) -> str:
        small = ", ".join(each["name"] for each in self._outcome["too_small"])
        return f"Released: {', '.join(self._answers) or 'nothing'}." + (f" Too small: {small}." if small else "")


def _bars(answer: Answer) -> bool:
    """Whether its figure has room for a change: bars, and single numbers."""
    release = answer.release
    return release.unit != "quantile" and (not release.by or (len(release.by) == 1 and release.by[0] not in _TIMED))


def _fits(answer: Answer, free: str) -> bool:
    """Whether a mean of days is asked of days: in a small month they are weeks."""
    return free not in AVERAGES or answer.release.by == AVERAGES[free]


_TIMED = ("day", "week", "month", "hour", "phrase")


def _releases(ask: Ask) -> Json:
    return (ask() or {"releases": {}})["releases"]


def _answers(ask: Ask) -> dict[str, Answer]:
    return {name: Answer(Release.from_raw(raw)) for name, raw in _releases(ask).items()}


def _together(asks: Sequence[Ask]) -> Ask:
    return lambda: {"releases": {name: raw for ask in asks for name, raw in _releases(ask).items()}}


def _from(needs: int | None) -> str:
    if needs == 0:
        return "what it would have cost was lost in a crash"
    return f"from about {figures.bucket(needs):,} accounts" if needs else "a month that it reads has no data"
