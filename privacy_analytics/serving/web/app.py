"""Routes: each passes a call on and hands back what came, with the status that an error's class has over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, Collection
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Path, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException

from privacy_analytics.errors import PolicyError, PrivacyAnalyticsError, TryLater, UsageError
from privacy_analytics.remote.wire import refusal
from privacy_analytics.serving.calls import Json
from privacy_analytics.serving.tokens import Token
from privacy_analytics.serving.web import page
from privacy_analytics.serving.web.pool import NO_JSON, TooMany
from privacy_analytics.serving.web.requests import About, Alive, Answer, Asked, Preview, Refusal
from privacy_analytics.serving.web.rules import purposes

Ask = Callable[[str, Json, str], Awaitable[bytes]]
"""Name, request, for whom -> a line of the wire."""
JSON = "application/json"
RETRY_SECONDS = 2
FAULT = "This could not be answered. The operator's log names the place. Ask again later, or tell the operator."
STATUS = {
    "UsageError": 400,
    "PolicyError": 403,
    "GateError": 403,
    "NotFound": 404,
    "LedgerError": 409,  # also of a charge that is lost: nobody may ask again unasked, as libraries do after a 5xx
    "InsufficientLoss": 409,
    "TryLater": 503,
}
"""By an error's class; 500 for any other."""
_CALLS: dict[str, tuple[type[About], str]] = {
    "describe": (About, "What may be asked: tables, columns, their public keys and bounds. Never a value."),
    "preview": (Preview, "Five synthetic rows of a table, made from its contract alone."),
    "plan": (Asked, "Price a question, or several, without spending."),
    "release": (Asked, "Answer them. What was answered before is the same bytes and costs nothing."),
    "budget": (About, "What each purpose of the month has spent and has left."),
}
_MEDIA = {"csv": "text/csv; charset=utf-8", "json": JSON, "svg": "image/svg+xml", "png": "image/png"}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    code: {"model": Refusal, "description": said}
    for code, said in {
        400: "no such question, table or month's form",
        401: "no token that holds",
        403: "not for this role, or the policy forbids it",
        404: "no such month, statistic or release",
        408: "the body did not come in time",
        409: "the privacy loss is not left, or was lost with a failure",
        413: "too long",
        422: "a body of another form",
        429: "this token has too many calls under way: try later",
        500: "a fault, told to the operator alone",
        503: "busy, or stopped before anything was drawn: try later",
    }.items()
}


def made(ask: Ask, served: Collection[str]) -> FastAPI:
    """The application behind the guard.

    Parameters
    ----------
    ask : passes a call on
    served : the purposes that the operator serves
    """
    app = FastAPI(
        title="privacy-analytics curator",
        version="1",
        description="Anonymous statistics: releases and public facts, and nothing else.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses=_REFUSALS,
        dependencies=[Security(HTTPBearer(auto_error=False))],  # for the description; the guard has decided already
        separate_input_output_schemas=False,
    )
    for kind, handler in {
        RequestValidationError: _misformed,
        HTTPException: _unread,
        PrivacyAnalyticsError: _refused,
        Exception: _fault,
    }.items():
        app.add_exception_handler(kind, handler)

    async def passed(name: str, request: Json, by: Request) -> Response:
        return answered(await ask(name, request, _caller(by).name))

    for name, (model, what) in _CALLS.items():
        app.add_api_route(
            f"/v1/{name}",
            _call(name, model, passed, served),
            methods=["POST"],
            name=name,
            description=what,
            responses={200: {"model": Answer}},
        )

    @app.get("/v1/statistics", responses={200: {"model": Answer}})
    async def statistics(request: Request) -> Response:
        """Approved statistics that may be quoted today."""
        return await passed("statistics", {}, request)

    @app.get("/v1/statistics/{statistic_id}", responses={200: {"content": {_plain(kind): {} for kind in _MEDIA}}})
    async def statistic(
        request: Request,
        statistic_id: Annotated[str, Path(pattern="^s-[0-9a-f]{10}$")],
        kind: Annotated[Literal["csv", "json", "svg", "png"], Query(alias="format")] = "json",
    ) -> Response:
        """One of them as a file, which passes the gate first."""
        reply = await passed("statistic", {"id": statistic_id, "format": kind}, request)
        named = {"Content-Disposition": f'attachment; filename="{statistic_id}.{kind}"'}
        return _file(reply, base64.b64decode, _MEDIA[kind], named)

    @app.get("/v1/releases", responses={200: {"model": Answer}})
    async def releases(request: Request, after: Annotated[str, Query(max_length=64)] = "") -> Response:
        """Ids of stored releases, a hundred at once; `next` is the one to go on after."""
        return await passed("releases", {"after": after}, request)

    @app.get("/v1/releases/{release_id}")
    async def release(request: Request, release_id: Annotated[str, Path(pattern="^r-[0-9a-z]{1,64}$")]) -> Response:
        """A stored release, byte for byte."""
        return _file(await passed("released", {"id": release_id}, request), str.encode, JSON, {})

    @app.get("/v1/health", responses={200: {"model": Alive}})
    async def health() -> Response:
        """That it lives, and nothing else."""
        return Response('{"alive": true}', media_type=JSON)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(json.dumps(app.openapi()), media_type=JSON)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return Response(page.drawn(app.openapi()), media_type="text/html", headers={page.POLICY: page.STYLED})

    del statistics, statistic, releases, release, health, openapi, docs  # the routes hold them
    return app


def answered(reply: bytes) -> Response:
    """A line of the wire as a response."""
    said = json.loads(reply)
    code = 200 if "answer" in said else STATUS.get(said["error"]["kind"], 500)
    return Response(reply, code, {"Retry-After": str(RETRY_SECONDS)} if code == 503 else None, JSON)


def refused(error: PrivacyAnalyticsError, code: int | None = None, **headers: str) -> Response:
    """An error of ours as a response; ``code`` where its class has another one."""
    response = answered(refusal(error))
    response.status_code = code or response.status_code
    response.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return response


def _call(
    name: str, model: type[About], passed: Callable[[str, Json, Request], Awaitable[Response]], served: Collection[str]
) -> Callable[..., Awaitable[Response]]:
    async def call(request: Request, body: About) -> Response:
        role = _caller(request).role
        allowed = purposes(role, served)
        if (body.purpose or "exploration") not in allowed:
            return refused(PolicyError(f"A token of role {role} asks for these purposes here: {', '.join(allowed)}."))
        return await passed(name, body.model_dump(exclude_unset=True), request)

    call.__annotations__ = {"request": Request, "body": model, "return": Response}
    return call


def _caller(request: Request) -> Token:
    return request.scope["state"]["caller"]


def _file(reply: Response, read: Callable[[str], bytes], media: str, headers: dict[str, str]) -> Response:
    if reply.status_code != 200:
        return reply
    return Response(read(json.loads(bytes(reply.body))["answer"]["data"]), 200, headers, media)


def _plain(kind: str) -> str:
    return _MEDIA[kind].partition(";")[0]


async def _misformed(_: Request, error: Exception) -> Response:
    """Which fields are not of their form; a name that is none of ours is not said again."""
    known = {*Asked.model_fields, *Preview.model_fields, "statistic_id", "release_id", "format", "after"}
    places = [each["loc"] for each in error.errors()] if isinstance(error, RequestValidationError) else []
    fields = sorted({place[1] for place in places if len(place) > 1 and place[1] in known})
    what = f"not of their form: {', '.join(fields)}" if fields else "it has a field too many, or is no object"
    return refused(UsageError(f"The request is not as /docs describes it: {what}."), 422)


async def _unread(_: Request, __: Exception) -> Response:
    return refused(UsageError(NO_JSON), 400)


async def _refused(_: Request, error: Exception) -> Response:
    if isinstance(error, TooMany):
        return refused(TryLater(str(error)), 429, Retry_After=str(RETRY_SECONDS))
    return refused(error) if isinstance(error, PrivacyAnalyticsError) else await _fault(_, error)


async def _fault(_: Request, __: Exception) -> Response:
    return refused(PrivacyAnalyticsError(FAULT))
