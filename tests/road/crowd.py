"""A crowd of clients that asks a curator over HTTP all at once, and what became of the ledger meanwhile."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

from privacy_analytics import CountAccounts
from privacy_analytics.curator import Curator
from privacy_analytics.dp.releases import Release
from privacy_analytics.workspace import load

MIX = {"describe": 20, "budget": 20, "preview": 10, "plan": 24, "stored": 25, "fresh": 1}
"""Parts of a hundred; what is fresh is one of few questions, so that many ask for the same one at once."""
STORED = CountAccounts("events", by="feature")
FRESH = [CountAccounts("events", by=("feature", "os"), per_account=cells) for cells in range(1, 13)]


@dataclass
class Crowd:
    """What a crowd met: milliseconds and statuses of all calls, and the answers to each question."""

    seconds: float = 0.0
    taken: list[tuple[str, float]] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    answers: dict[str, set[str]] = field(default_factory=dict)

    def percentile(self, percent: int, kind: str = "") -> float:
        """Milliseconds that so many in a hundred calls, of one kind or all, stayed within."""
        return quantiles([ms for name, ms in self.taken if kind in ("", name)], n=100, method="inclusive")[percent - 1]


async def crowd(
    url: str, tokens: Sequence[str], *, clients: int, calls: int, month: str, purpose: str = "exploration"
) -> Crowd:
    """``calls`` calls by ``clients`` clients, each with its own connection and one after the other."""
    met, turns = Crowd(), iter(range(calls))
    limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits, trust_env=False) as wire:

        async def client(number: int) -> None:
            chance = random.Random(number)
            token = tokens[number % len(tokens)]
            for _ in turns:
                kind = chance.choices(list(MIX), list(MIX.values()))[0]
                name, body = _request(kind, chance)
                body |= {"month": month, "purpose": purpose}
                began = time.perf_counter()
                try:
                    reply = await wire.post(f"/v1/{name}", json=body, headers={"Authorization": f"Bearer {token}"})
                except httpx.HTTPError as error:
                    met.problems[type(error).__name__] += 1
                    continue
                met.taken.append((kind, (time.perf_counter() - began) * 1e3))
                met.statuses[reply.status_code] += 1
                for each in reply.json().get("answer", {}).get("releases", {}).values():
                    met.answers.setdefault(each["key"], set()).add(Release.from_raw(each).to_json())

        began = time.perf_counter()
        await asyncio.gather(*(client(number) for number in range(clients)))
        met.seconds = time.perf_counter() - began
    return met


@dataclass(frozen=True)
class Spent:
    """Nano-rho: by the ledger, by the releases in it, and what was allowed."""

    ledger: int
    releases: int
    allowed: int
    commits: int


def spent(root: Path, month: str, purpose: str = "exploration") -> Spent:
    """What a purpose has spent in a month, the ledger's chain verified."""
    curator = Curator(load(root))
    curator.ledger.verify()
    told = curator.call("budget", {"month": month, "purpose": purpose})["purposes"][purpose]
    payloads = [event.payload for event in curator.ledger.events() if event.kind == "commit"]
    releases = [Release.from_json(text) for text in payloads]
    paid = [each for each in releases if (each.recorded or {}).get("purpose") == purpose and each.month == month]
    return Spent(told["spent"], sum(each.nano_rho for each in paid), told["allowance"], len(paid))


def _request(kind: str, chance: random.Random) -> tuple[str, dict[str, Any]]:
    match kind:
        case "describe" | "budget":
            return kind, {}
        case "preview":
            return kind, {"table": "events"}
        case "plan":
            return kind, {"question": STORED.canonical(), "share": 0.1}
        case "stored":
            return "release", {"question": STORED.canonical(), "share": 0.1}
        case _:
            return "release", {"question": chance.choice(FRESH).canonical(), "share": 0.1}
