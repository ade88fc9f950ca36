"""Curators over HTTP as processes, with a token for every role."""

from __future__ import annotations

import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from steps import MONTH, command

from privacy_analytics import connect
from privacy_analytics.serving.tokens import ROLES, Tokens
from privacy_analytics.session import Session
from privacy_analytics.workspace import load


@dataclass(frozen=True)
class Curator:
    """One that runs: its address, a token for every role, its process."""

    url: str
    tokens: dict[str, str]
    process: subprocess.Popen[str]
    ca: Path | None = None

    def session(self, role: str = "analyst", **more: Any) -> Session:
        return connect(self.url, self.tokens[role], MONTH, ca=self.ca, **more)

    def ask(self, method: str, path: str, *, role: str = "", **more: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.tokens[role]}"} if role else {}
        with httpx.Client(base_url=self.url, timeout=600, trust_env=False) as client:
            return client.request(method, path, headers=headers | more.pop("headers", {}), **more)


@contextmanager
def served(root: Path, *more: object, line: Sequence[object] = (), ca: Path | None = None) -> Generator[Curator]:
    """``pa serve --http`` on a free port, or another program that does so; ended with SIGTERM."""
    tokens, kept = {}, Tokens(load(root))
    for role in ROLES:
        name = f"{role}-{len(kept.all())}"
        tokens[role] = kept.add(name, role, days=1)[1]
    line = line or command("serve", "-w", root, "--http", "127.0.0.1:0", "--workers", 2, *more)
    with subprocess.Popen(list(map(str, line)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            said = process.stdout.readline() if process.stdout else ""
            assert said.startswith("listening"), process.stderr and process.stderr.read()
            yield Curator(said.split()[1], tokens, process, ca)
        finally:
            process.terminate()
