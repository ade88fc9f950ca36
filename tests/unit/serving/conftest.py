"""A front whose server behind is whatever a test says; nobody listens anywhere."""

import asyncio
import base64
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from privacy_analytics.remote.wire import packed
from privacy_analytics.serving.tokens import ROLES, Tokens
from privacy_analytics.serving.web.app import made
from privacy_analytics.serving.web.guard import Guard
from privacy_analytics.settings import PURPOSES

RELEASE = '{"id":"r-1"}'
ANSWERS = {"statistic": {"data": base64.b64encode(b"file").decode()}, "released": {"data": RELEASE}}


@dataclass
class Front:
    """The application behind its guard, tokens of every role, and what it passed on."""

    tokens: Tokens
    shown: dict[str, str]
    passed: list[tuple[str, dict, str]] = field(default_factory=list)
    reply: Any = None
    """Bytes of a line, or an error, instead of an answer."""
    purposes: tuple[str, ...] = PURPOSES

    def __post_init__(self) -> None:
        self.app = made(self._ask, self.purposes)
        self.guard = Guard(self.app, self.tokens, tls=False)

    async def _ask(self, name, request, user):
        self.passed.append((name, request, user))
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply or packed({"answer": ANSWERS.get(name, {})})

    def ask(self, method: str, path: str, *, role: str = "", token: str = "", **more: Any) -> httpx.Response:
        """One request, as a role or with a token; without either nobody asks."""
        shown = self.shown.get(role, token)
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}

        async def asked():
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(self.guard), base_url="http://curator"
            ) as client:
                return await client.request(method, path, headers=headers | more.pop("headers", {}), **more)

        return asyncio.run(asked())


@pytest.fixture
def tokens(empty):
    return Tokens(empty)


@pytest.fixture
def front(tmp_path):
    (tmp_path / "private").mkdir()
    tokens = Tokens(SimpleNamespace(path=tmp_path.joinpath))
    return Front(tokens, {role: tokens.add(role, role, days=1)[1] for role in ROLES})
