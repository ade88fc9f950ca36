"""Stands before the routes: who comes in, how much may be sent and for how long, and what every response carries."""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from pathlib import Path

from fastapi import FastAPI
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from privacy_analytics.errors import NotFound, PolicyError, PrivacyAnalyticsError, SettingsError, TryLater, UsageError
from privacy_analytics.remote.wire import LIMIT, TOO_LONG
from privacy_analytics.serving.tokens import Token, Tokens
from privacy_analytics.serving.web.app import FAULT, refused
from privacy_analytics.serving.web.page import CLOSED, POLICY
from privacy_analytics.serving.web.rules import ANYBODY, RULES

BODY_SECONDS = 30
"""For a body to come whole."""
ACCESS = logging.getLogger("privacy_analytics.serving.access")
"""For the operator alone: who called which route, with which status; no query, no body, no address."""
ACCESS.propagate = False
UNKNOWN = (
    "This token is not known here, has expired or was revoked. Set $PRIVACY_ANALYTICS_TOKEN to one that holds; the "
    "operator makes them with `pa token add`."
)
_HEADERS = {
    POLICY: CLOSED,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_STRICT = {"Strict-Transport-Security": "max-age=31536000"}


class _Refused(Exception):
    def __init__(self, error: PrivacyAnalyticsError, code: int, **headers: str) -> None:
        self.response = refused(error, code, **headers)


class Guard:
    """The whole application. Routes are reached by whoever a rule names; a route without one by nobody."""

    def __init__(self, app: FastAPI, tokens: Tokens, *, tls: bool) -> None:
        self._app, self._tokens = app, tokens
        carried = _HEADERS | (_STRICT if tls else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in carried.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever it is; no error leaves."""
        if scope["type"] != "http":
            return
        began, status, token = time.monotonic(), 0, None
        path, others = self._route(scope)

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = {name for name, _ in message["headers"]}
                message["headers"] += [each for each in self._headers if each[0] not in given]
            await send(message)

        try:
            token = self._token(scope)
            _let_in(token, path, others)
            scope.setdefault("state", {})["caller"] = token
            body = await _body(receive)
            await self._app(scope, _again(body, receive), sent)
        except _Refused as error:
            await error.response(scope, receive, sent)
        except Exception as error:  # noqa: BLE001  # its text may quote a body
            place = traceback.extract_tb(error.__traceback__)[-1]
            ACCESS.error("%s at %s:%d", type(error).__name__, Path(place.filename).name, place.lineno)
            if not status:
                await refused(PrivacyAnalyticsError(FAULT))(scope, receive, sent)
        finally:
            took = (time.monotonic() - began) * 1e3
            ACCESS.info("%s %s %d %.0f ms", token.name if token else "-", path or "no route", status, took)

    def _token(self, scope: Scope) -> Token | None:
        shown = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        kind, _, text = shown.decode("latin-1").partition(" ")
        return self._tokens.who(text.strip()) if kind.lower() == "bearer" else None

    def _route(self, scope: Scope) -> tuple[str, str]:
        """The path of the route that is meant, not what was sent, and its methods where it is none of them."""
        for route in self._app.routes:
            match, _ = route.matches(scope)
            if match is not Match.NONE:
                methods = ", ".join(sorted(getattr(route, "methods", None) or ()))
                return getattr(route, "path", ""), "" if match is Match.FULL else methods
        return "", ""


def _let_in(token: Token | None, path: str, others: str) -> None:
    roles = RULES.get(path, ())
    if ANYBODY not in roles:
        if token is None:
            raise _Refused(SettingsError(UNKNOWN), 401, WWW_Authenticate="Bearer")
        if not path:
            raise _Refused(NotFound("There is nothing here. What may be asked: /docs"), 404)
        if token.role not in roles:
            raise _Refused(PolicyError(f"This is not for the role {token.role}. Ask the operator for another."), 403)
    if others:
        raise _Refused(UsageError(f"Ask this by {others}."), 405, Allow=others)


async def _body(receive: Receive) -> bytes:
    """The body, whole. Who sends too much or too slowly is cut off."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            more = True
            while more:
                message = await receive()
                body += message.get("body", b"")
                more = message.get("more_body", False)
                if len(body) > LIMIT:
                    raise _Refused(UsageError(TOO_LONG), 413, Connection="close")
    except TimeoutError:
        raise _Refused(TryLater("The body did not come in time. Send it again."), 408, Connection="close") from None
    return bytes(body)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, in one piece."""
    first = True

    async def received() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return received
