"""Randomised schedules: processes that release on one ledger at once and die anywhere, and what must hold afterwards.

A worker goes the way of a release (turn, look, reserve, drawing, noise, commit, look) for a few plans whose questions
and months overlap. It writes down every noise it drew and every answer it gave; the checker holds both against the
ledger's events. The noise is random bytes: nothing here needs data.
"""

from __future__ import annotations

import json
import os
import random
import signal
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from privacy_analytics.dp import ledger as module
from privacy_analytics.dp.ledger import Charge, Event, Ledger
from privacy_analytics.errors import InsufficientLoss

Fault = Literal["charge after noise", "cache bypass", "no turn"]
MONTHS = ("2026-08", "2026-09", "2026-10")
WORKERS, STEPS = 3, 24
SECONDS = 0.06
"""About as long as a worker takes: a death by the clock falls anywhere, also inside a statement or a commit."""


@dataclass(frozen=True)
class Ask:
    """A plan: some questions for a purpose, each at a price, in every month that the plan touches."""

    plan: str
    purpose: str
    months: tuple[str, ...]
    keys: tuple[str, ...]
    price: Charge


@dataclass(frozen=True)
class Life:
    """What one worker asks, and how it dies: before its n-th step, after so many seconds, or not at all."""

    asks: tuple[Ask, ...]
    step: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """Lives that begin at the same time, under one allowance for a month and purpose."""

    lives: tuple[Life, ...]
    allowance: Charge

    @classmethod
    def drawn(cls, seed: int) -> Schedule:
        rng = random.Random(seed)
        plans = tuple(cls._ask(rng, f"plan {number}") for number in range(rng.randint(1, 3)))
        lives: list[Life] = []
        for _ in range(WORKERS):
            asks = tuple(rng.choices(plans, k=rng.randint(1, 2)))
            step = rng.randint(1, STEPS) if rng.random() < 0.7 else 0
            lives.append(Life(asks, step, 0.0 if step or rng.random() < 0.3 else rng.uniform(0.001, SECONDS)))
        return cls(tuple(lives), Charge(rng.choice([20, 40, 80, 1000]), rng.choice([4, 9, 1000])))

    @staticmethod
    def _ask(rng: random.Random, plan: str) -> Ask:
        first = rng.randrange(len(MONTHS))
        months = MONTHS[first : first + rng.choice([1, 1, 2])]
        keys = tuple(rng.sample(["a", "b", "c", "d"], rng.randint(1, 3)))
        return Ask(plan, rng.choice(["usage", "cohorts"]), months, keys, Charge(rng.randint(5, 12), rng.randint(0, 2)))


@dataclass
class Told:
    """What was counted over schedules, and what was found wrong."""

    counts: Counter[str] = field(default_factory=Counter[str])
    findings: list[str] = field(default_factory=list[str])


def survive(schedule: Schedule, url: str, folder: Path, told: Told, fault: Fault | None = None) -> None:
    """Run a schedule on an empty ledger, let somebody undisturbed finish it, ask for all answers again, and check."""
    folder.mkdir()
    ledger = Ledger(url)
    ledger.engine.dispose()  # no connection goes through a fork
    opened = [None, *[ledger] * (len(schedule.lives) - 1)]  # opening verifies: once a schedule is enough
    lives = zip(schedule.lives, opened, strict=True)
    ends = [_wait(pid) for pid in [_fork(life, schedule.allowance, of or url, folder, fault) for life, of in lives]]
    deaths = sum(end < 0 for end in ends)
    everything = Life(tuple({ask.plan: ask for life in schedule.lives for ask in life.asks}.values()))
    work(everything, schedule.allowance, ledger, folder)
    before = ledger.verify()
    answered = tuple(ask for ask in everything.asks if all(map(ledger.released, ask.keys)))
    work(Life(answered), schedule.allowance, ledger, folder)
    events = ledger.events()
    ledger.engine.dispose()
    drawn, given = (_lines(folder / name) for name in ("drawn", "given"))
    findings = [
        *(["a worker failed: " + (folder / "failed").read_text()] if any(end > 0 for end in ends) else []),
        *(["an answer was not free the second time"] if before < len(events) else []),
        *check(events, drawn, given, schedule.allowance, deaths=deaths),
    ]
    told.findings += findings
    told.counts["schedules"] += 1
    told.counts["processes"] += len(ends)
    told.counts["killed"] += deaths
    told.counts.update(event.kind for event in events)
    told.counts["lost charges"] += sum(event.kind == "reserve" and event.attempt > 0 for event in events)
    told.counts["answers given"] += len(given)


def check(
    events: Sequence[Event],
    drawn: Iterable[Sequence[str]],
    given: Iterable[Sequence[str]],
    allowance: Charge,
    *,
    deaths: int,
) -> list[str]:
    """What is wrong, in words; nothing where every promise was kept.

    ``drawn`` holds (plan, key) of every noise, ``given`` (key, payload) of every answer that left a process.
    """
    found: list[str] = []
    spent: defaultdict[tuple[str, str], Charge] = defaultdict(Charge)
    left: defaultdict[tuple[str, str], Charge] = defaultdict(Charge)
    charged: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    answers: dict[str, str] = {}
    reserved: Counter[tuple[str, str]] = Counter()
    for event in events:
        charge, of_plan = Charge(event.nano_rho, event.delta), (event.plan, event.month)
        if event.kind == "reserve":
            spent[event.month, event.purpose] += charge
            left[of_plan] += charge
            reserved[of_plan] += event.attempt == 0
            if not spent[event.month, event.purpose].within(allowance):
                found.append("overspent")
        elif event.kind == "drawing":
            if not charge.within(left[of_plan]):
                found.append("a drawing beyond its reservation")
            left[of_plan] -= charge
            charged[event.plan, event.key].add(event.attempt)
        elif event.kind == "commit" and not charged[event.plan, event.key]:
            found.append("a release without a charge")
        if event.key in answers:
            found.append("a committed answer was charged again")
        if event.kind == "commit":
            answers[event.key] = event.payload
    if max(reserved.values(), default=0) > 1:
        found.append("a plan was reserved twice")
    noises = Counter((plan, key) for plan, key in drawn)
    if any(count > len(charged[which]) for which, count in noises.items()):
        found.append("noise was drawn before its charge")
    attempts: Counter[str] = Counter()
    for (_, key), numbers in charged.items():
        attempts[key] += len(numbers)
    if sum(count - (key in answers) for key, count in attempts.items()) > deaths:
        found.append("charged twice though nobody died")
    if any(answers.get(key) != payload for key, payload in given):
        found.append("an answer was given that is not the committed one")
    return found


def work(life: Life, allowance: Charge, ledger: Ledger, folder: Path, fault: Fault | None = None) -> None:
    """Answer what is asked, one turn a plan, and die as told."""
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == life.step:
            os.kill(os.getpid(), signal.SIGKILL)

    def say(name: str, *words: str) -> None:
        with (folder / name).open("a") as file:
            file.write(json.dumps(words) + "\n")

    for ask in life.asks:
        step()
        with nullcontext() if fault == "no turn" else ledger.turn():
            step()
            _release(ledger, ask, allowance, fault, step, say)
            answers = {key: answer for key in ask.keys if (answer := ledger.released(key)) is not None}
        step()
        for key, answer in answers.items():
            say("given", key, answer)


def _release(
    ledger: Ledger, ask: Ask, allowance: Charge, fault: Fault | None, step: Callable[[], None], say: Callable[..., None]
) -> None:
    def fresh(key: str) -> bool:
        return fault == "cache bypass" or ledger.released(key) is None

    about: dict[str, Any] = {"months": ask.months, "purpose": ask.purpose, "allowance": allowance}
    keys = [key for key in ask.keys if fresh(key)]
    try:
        if keys and ledger.plan(ask.plan) is None:
            total = Charge(ask.price.nano_rho * len(keys), ask.price.delta * len(keys))
            ledger.reserve(ask.plan, **about, charge=total, payload=json.dumps(keys))
            step()
        for key in filter(fresh, json.loads(ledger.plan(ask.plan) or "[]")):
            if fault == "charge after noise":
                say("drawn", ask.plan, key)
                step()
            ledger.drawing(ask.plan, **about, key=key, charge=ask.price)
            step()
            if fault != "charge after noise":
                say("drawn", ask.plan, key)
            noise = os.urandom(8).hex()
            step()
            ledger.commit(ask.plan, month=ask.months[-1], purpose=ask.purpose, key=key, payload=noise)
            step()
    except InsufficientLoss:
        return


def _fork(life: Life, allowance: Charge, of: Ledger | str, folder: Path, fault: Fault | None) -> int:
    if pid := os.fork():
        return pid
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends a process as SIGKILL does: no handler, no clean-up
        signal.setitimer(signal.ITIMER_REAL, life.seconds)
        if fault == "cache bypass":  # past the ledger's own refusal too
            module._attempts = lambda writer, key: [
                row[1:] for row in writer.connection.execute(module._OF_KEY, {"key": key}) if row[0] == "drawing"
            ]
        work(life, allowance, Ledger(of) if isinstance(of, str) else of, folder, fault)
        os._exit(0)
    except BaseException:  # noqa: BLE001  # a fork never returns into the test
        (folder / "failed").write_text(traceback.format_exc())
        os._exit(1)


def _wait(pid: int) -> int:
    """How a process ended: 0, or minus the signal that ended it, or 1."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _lines(file: Path) -> list[list[str]]:
    """Lines that were written whole: a writer may have died in the middle of its last one."""
    text = file.read_text() if file.exists() else ""
    return [json.loads(line) for line in text.splitlines() if line.endswith("]")]
