"""The socket, who listens at it, and a handler for each connection."""

from __future__ import annotations

import fcntl
import logging
import os
import platform
import select
import signal
import socket
import socketserver
import stat
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from logging.handlers import WatchedFileHandler
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, cast

from privacy_analytics.errors import SettingsError, TryLater
from privacy_analytics.remote.wire import LIMIT
from privacy_analytics.serving.calls import Terms, answered
from privacy_analytics.serving.worker import LOG, Worker
from privacy_analytics.workspace import load

IDLE_SECONDS = 60
"""A connection without a call for that long is ended, and its worker with it; a session then makes another."""
WIRE_SECONDS = 30
"""For the other end to finish sending a call that it began, or to take an answer."""


def serve(path: Path, terms: Terms, *, group: int | None = None, ready: Callable[[], None]) -> None:
    """Answer sessions at a socket until SIGTERM or SIGINT; calls in hand are finished.

    Parameters
    ----------
    group : id of the group whose members may ask; None leaves it to this user's own
    ready : called when sessions can connect

    Raises
    ------
    SettingsError
        the workspace is not this user's alone, or the socket cannot be made there
    TryLater
        another curator listens there
    """
    if platform.system() != "Linux":
        raise SettingsError("pa serve tells its callers apart by SO_PEERCRED, which only Linux has.")
    settings = load(terms.workspace)
    if settings.root.stat().st_uid != os.geteuid():
        raise SettingsError("This workspace is another user's. Serve it as its owner: sudo -u OWNER pa serve …")
    os.umask(0o077)
    opened_log(LOG, settings.path("logs", "operator.log"))
    server = _listening(path, terms, group)
    for number in (signal.SIGTERM, signal.SIGINT):  # handlers and workers inherit it: none is stopped in mid-call
        signal.signal(number, lambda *_: setattr(server, "stopping", True))
    try:
        ready()
        with suppress(_Stopped):
            server.serve_forever(poll_interval=0.2)
    finally:
        path.unlink(missing_ok=True)
        server.server_close()


def opened_log(log: logging.Logger, file: Path) -> None:
    """Append lines to a file, also to the one that takes its place when it is rotated."""
    handler = WatchedFileHandler(file, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)


def _listening(path: Path, terms: Terms, group: int | None) -> _Server:
    try:
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        raise SettingsError(f"There is no folder {path.parent} that you can open. Make it first.") from None
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # of two that start at once, one finds the other
        _refuse_taken(path)
        before = os.umask(0o177)
        try:
            server = _Server(path, terms)
            os.chown(path, -1, -1 if group is None else group)
        finally:
            os.umask(before)
        path.chmod(0o660)
    except OSError as error:
        raise SettingsError(
            f"The socket cannot be made: {error.strerror}. Its folder must be yours, and you a member of its group."
        ) from None
    finally:
        os.close(folder)
    return server


def _refuse_taken(path: Path) -> None:
    """Remove the socket that a dead server left behind; refuse everything else that stands there."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise SettingsError(f"{path} is no socket. Choose another path.")
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(WIRE_SECONDS)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise TryLater(f"A curator listens at {path} already. Stop it first, or choose another path.")


class _Stopped(Exception):
    pass


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    max_children = 64
    request_queue_size = 64
    stopping = False

    def __init__(self, path: Path, terms: Terms) -> None:
        self.terms = terms
        self.end, self._ours = os.pipe()  # handlers read its end when the server is gone, however it went
        super().__init__(str(path), _Handler)

    def service_actions(self) -> None:
        super().service_actions()
        front = parent_process()  # of a server that is a front's own
        if self.stopping or (front and not front.is_alive()):
            raise _Stopped

    def leave(self) -> None:
        """Let go of what is the server's: in a handler, and at the end."""
        os.close(self._ours)
        self.socket.close()

    def server_close(self) -> None:
        self.leave()
        super().server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  # socketserver's signature
        LOG.error("a connection ended with %s", type(sys.exc_info()[1]).__name__)


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = cast("_Server", self.server)
        server.leave()
        peer = self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        uid = struct.unpack("3i", peer)[1]
        if server.terms.front and uid != os.geteuid():
            return
        worker = Worker(server.terms, uid=uid)
        line = self._call(server.end)
        while line:
            reply = answered(line, server.terms, worker.answer)
            signal.alarm(WIRE_SECONDS)
            self.wfile.write(reply)
            line = b"" if len(line) > LIMIT else self._call(server.end)

    def _call(self, end: int) -> bytes:
        """The next line; empty when none comes. Who is slow to send one is cut off: SIGALRM ends this process."""
        signal.alarm(0)
        came, _, _ = select.select([self.connection, end], [], [], IDLE_SECONDS)
        if self.connection not in came:
            return b""
        signal.alarm(WIRE_SECONDS)
        line = self.rfile.readline(LIMIT + 1)
        signal.alarm(0)
        return line
