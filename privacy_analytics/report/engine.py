"""The papermill engine ``privacy``: encrypted kernel transport, the running interpreter, time limits, redacted errors.

Works by itself, too: ``papermill --engine privacy usage_report.ipynb out.ipynb -p month 2026-10``.
"""

from __future__ import annotations

import os
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

from privacy_analytics.report.redaction import redacted

CELL_SECONDS = 1_800
START_SECONDS = 120
_SILENT = "CRITICAL"
"""What a kernel logs below this goes to the terminal, and may quote what failed."""


class PrivacyEngine(Engine):
    """Runs a notebook so that neither its traffic nor its failure can be read by others."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        execution_timeout: int | None = None,
        start_timeout: int | None = None,
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
                startup_timeout=start_timeout or START_SECONDS,
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
