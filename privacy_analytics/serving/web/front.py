"""The front: where it listens, with which certificate, and until when."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import ssl
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import uvicorn

from privacy_analytics.errors import SettingsError, TryLater, UsageError
from privacy_analytics.serving.calls import Terms
from privacy_analytics.serving.server import opened_log
from privacy_analytics.serving.tokens import Tokens
from privacy_analytics.serving.web.app import made
from privacy_analytics.serving.web.behind import Behind
from privacy_analytics.serving.web.guard import ACCESS, Guard
from privacy_analytics.serving.web.patience import Patient
from privacy_analytics.serving.web.pool import Pool
from privacy_analytics.serving.worker import LOG
from privacy_analytics.settings import Settings

MOST_CONNECTIONS = 512
KEEP_ALIVE_SECONDS = 30
HEAD_BYTES = 16 << 10
"""Of a request's line and headers together."""


def serve_http(settings: Settings, where: str, terms: Terms, *, workers: int, ready: Callable[[str], None]) -> None:
    """Answer over HTTP until SIGTERM or SIGINT; calls in hand are finished.

    Parameters
    ----------
    where : HOST:PORT; with port 0 any that is free
    workers : calls that are answered at the same time
    ready : called with the address when sessions can connect

    Raises
    ------
    UsageError
        no HOST:PORT
    SettingsError
        a host that others can reach, without TLS; a certificate that cannot be used; a workspace that is not private
    TryLater
        the port is taken
    """
    host, port = _parsed(where)
    tls = _tls(settings, host)
    opened_log(LOG, settings.path("logs", "operator.log"))
    opened_log(ACCESS, settings.path("logs", "access.log"))
    listening = _bound(host, port)
    behind = Behind(replace(terms, front=True))
    try:
        behind.start()
        shown = f"[{host}]" if ":" in host else host
        ready(f"{'https' if tls else 'http'}://{shown}:{listening.getsockname()[1]}")
        asyncio.run(_until_stopped(settings, listening, behind, terms, workers, tls))
    finally:
        behind.close()
        listening.close()


async def _until_stopped(
    settings: Settings,
    listening: socket.socket,
    behind: Behind,
    terms: Terms,
    workers: int,
    tls: tuple[str, str] | None,
) -> None:
    app = made(Pool(behind.socket, workers).ask, terms.purposes)
    config = uvicorn.Config(
        Guard(app, Tokens(settings), tls=tls is not None),
        http=Patient,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        h11_max_incomplete_event_size=HEAD_BYTES,
        ssl_certfile=tls[0] if tls else None,
        ssl_keyfile=tls[1] if tls else None,
    )
    for number in (signal.SIGTERM, signal.SIGINT):  # uvicorn stops at them, then raises them once more
        signal.signal(number, lambda *_: None)
    kept = asyncio.create_task(behind.keep())
    try:
        await uvicorn.Server(config).serve(sockets=[listening])
    finally:
        kept.cancel()
        with suppress(asyncio.CancelledError):
            await kept


def _parsed(where: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{where}")
        if parts.hostname and parts.port is not None and parts.netloc == where and parts.username is None:
            return parts.hostname, parts.port
    except ValueError:
        pass
    raise UsageError("Name where to listen as HOST:PORT, such as 127.0.0.1:8123.")


def _tls(settings: Settings, host: str) -> tuple[str, str] | None:
    """Certificate and key, tried; None where there are none and only this machine can ask."""
    named = settings.operating.tls
    if named is None:
        if not _is_loopback(host):
            raise SettingsError(
                "Others can reach that address, and over http:// anybody between could read their tokens. Name a "
                "certificate and its key under [serve] in workspace.toml, or listen at 127.0.0.1."
            )
        return None
    files = settings.path(named.certificate), settings.path(named.private_key)
    try:
        if files[1].stat().st_mode & stat.S_IRWXO:
            raise SettingsError(f"serve.private_key can be read by others. Run: chmod 600 {files[1]}")
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*files, password="")
    except OSError:  # ssl.SSLError is one
        raise SettingsError(
            "serve.certificate and serve.private_key in workspace.toml are no PEM certificate and its own key, without "
            "a password, that you can read. Mend them."
        ) from None
    return str(files[0]), str(files[1])


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        return socket.create_server(address[:2], family=family, backlog=MOST_CONNECTIONS)  # pyright: ignore[reportArgumentType]
    except socket.gaierror:
        raise SettingsError("This machine does not know that host. Name an address of its own.") from None
    except OverflowError:
        raise UsageError("A port is a number up to 65,535.") from None
    except OSError as error:
        raise TryLater(f"Nobody can listen there: {error.strerror}. Stop who does, or name another address.") from None
