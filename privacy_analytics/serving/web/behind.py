"""The server behind the front: started by it, started anew when it dies, ended with it, however that ends."""

from __future__ import annotations

import asyncio
import multiprocessing
import shutil
import tempfile
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path

from privacy_analytics.errors import PrivacyAnalyticsError, SettingsError
from privacy_analytics.serving.calls import Terms
from privacy_analytics.serving.server import serve
from privacy_analytics.serving.worker import LOG

START_SECONDS = 60
LOOK_SECONDS = 1
_SPAWN = multiprocessing.get_context("spawn")  # a front has threads and open connections, which no fork may copy


class Behind:
    """A socket in a folder (0700) of its own, and the process that answers there."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._folder = Path(tempfile.mkdtemp(prefix="pa-"))
        self.socket = self._folder / "s"
        self._process: SpawnProcess | None = None

    def start(self) -> None:
        """Return when it answers. Raises SettingsError where it does not."""
        ours, theirs = _SPAWN.Pipe(duplex=False)
        self._process = _SPAWN.Process(target=_run, args=(self.socket, self._terms, theirs))
        self._process.start()
        theirs.close()
        with ours:
            try:
                refused = ours.recv() if ours.poll(START_SECONDS) else "It did not start in time."
            except EOFError:
                refused = "It ended as it started."
        if refused:
            self.stop()
            raise SettingsError(f"The curator behind the HTTP front cannot start. {refused}")

    async def keep(self) -> None:
        """Start it anew whenever it has died, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._process is None or not self._process.is_alive():
                LOG.error("the server behind the HTTP front had died and is started anew")
                try:
                    await asyncio.to_thread(self.start)
                except PrivacyAnalyticsError as error:
                    LOG.error("%s", error)

    def stop(self) -> None:
        """End it once the calls in hand are done."""
        if self._process is not None:
            self._process.terminate()
            self._process.join()
            self._process = None

    def close(self) -> None:
        """Stop it, and remove its folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def _run(path: Path, terms: Terms, front: Connection) -> None:
    try:
        serve(path, terms, ready=partial(front.send, ""))
    except PrivacyAnalyticsError as error:
        front.send(str(error))
