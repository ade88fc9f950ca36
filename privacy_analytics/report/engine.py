"""The papermill engine ``privacy``: encrypted kernel transport, the running interpreter, time limits, redacted errors.

Works by itself, too: ``papermill --engine privacy usage_report.ipynb out.ipynb -p month 2026-10``.
"""

from __future__ import annotations

import builtins
import os
import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine
from traitlets import default
from traitlets.config import Config

from privacy_analytics import errors

CELL_SECONDS = 1_800
START_SECONDS = 120
_SILENT = "CRITICAL"
"""What a kernel logs below this goes to the terminal, and may quote what failed."""
REDACTED = "The message of this error is not shown: it could hold a value."
NAMELESS = "Exception"
"""Stands for an error of a class that we do not know: a name can be made of data, too."""
_OURS = {
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.PrivacyAnalyticsError)
}
_KNOWN = _OURS | {
    name for name, each in vars(builtins).items() if isinstance(each, type) and issubclass(each, BaseException)
}
_PACKAGE = Path(errors.__file__).parent
_FRAME = re.compile(r"^(?:File (.+?):\d+|Cell In\[\d+\])", re.MULTILINE)


class PrivacyEngine(Engine):
    """Runs a notebook so that neither its traffic nor its failure can be read by others."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        execution_timeout: int | None = None,
        start_timeout: int = START_SECONDS,
        on_cell_start: Any = None,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        **_: Any,
    ) -> Any:
        """Called by papermill; ``on_cell_start(cell, cell_index)`` reports progress.

        ``environment`` is added to the kernel's and ``folder`` is where it runs: this process keeps its own, so two
        runs at once never mix. Times are in seconds, ``execution_timeout`` a cell.
        """
        with TemporaryDirectory() as private:  # a user's profile could run code at start, and remembers what was run
            client = _Client(
                nb_man,
                kernel_name=kernel_name,
                kernel_manager_class=_Kernel,
                timeout=execution_timeout or CELL_SECONDS,
                startup_timeout=start_timeout,
                on_cell_start=on_cell_start,
                extra_arguments=[
                    f"--ipython-dir={private}",
                    "--HistoryManager.enabled=False",
                    f"--log-level={_SILENT}",
                ],
                config=Config({"_Kernel": {"connection_file": str(Path(private, "kernel.json"))}}),
            )
            return client.execute(env=os.environ | dict(environment or {}), **({"cwd": str(folder)} if folder else {}))


class _Kernel(AsyncKernelManager):
    """A kernel of this very interpreter that speaks CurveZMQ only."""

    @default("kernel_spec_manager")
    def _only_native(self) -> KernelSpecManager:
        return KernelSpecManager(
            kernel_dirs=[], parent=self
        )  # a user's spec named python3 could be another interpreter

    @default("transport_encryption")
    def _required(self) -> str:
        return "required"


class _Client(PapermillNotebookClient):
    """Keeps what an error says out of the notebook, unless we raised it: our texts hold no values."""

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        if msg["msg_type"] == "error":
            msg["content"] = redacted(msg["content"])
        return super().output(outs, msg, display_id, cell_index)


def redacted(error: Mapping[str, Any]) -> dict[str, Any]:
    """A kernel's error (``ename``, ``evalue``, ``traceback``) without values; one that we raised keeps its text."""
    if error["ename"] in _OURS and _is_raised_here(error["traceback"]):
        said = str(error["evalue"])
        return {"ename": error["ename"], "evalue": said, "traceback": [f"{error['ename']}: {said}"]}
    name = error["ename"] if error["ename"] in _KNOWN else NAMELESS
    return {"ename": name, "evalue": REDACTED, "traceback": []}


def _is_raised_here(traceback: list[str]) -> bool:
    """Whether the innermost frame is in this package: a cell can raise our errors with texts of its own."""
    frames = _FRAME.findall(re.sub(r"\x1b\[[\d;]*m", "", "\n".join(traceback)))
    return bool(frames) and frames[-1] != "" and Path(frames[-1]).expanduser().is_relative_to(_PACKAGE)
