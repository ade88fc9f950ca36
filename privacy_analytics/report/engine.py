"""The papermill engine ``privacy``: encrypted kernel transport, the running interpreter, time limits, redacted errors.

Works by itself, too: ``papermill --engine privacy usage_report.ipynb out.ipynb -p month 2026-10``.
"""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine
from traitlets import default

from privacy_analytics import errors

CELL_SECONDS = 1_800
START_SECONDS = 120
_SILENT = "CRITICAL"
"""What a kernel logs below this goes to the terminal, and may quote what failed."""
REDACTED = "The message of this error is not shown: it could hold a value."
_OURS = {
    name
    for name, each in vars(errors).items()
    if isinstance(each, type) and issubclass(each, errors.PrivacyAnalyticsError)
}


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
        **_: Any,
    ) -> Any:
        """Called by papermill; ``on_cell_start(cell, cell_index)`` reports progress."""
        with TemporaryDirectory() as profile:  # a user's own could run code at start, and remembers what was run
            client = _Client(
                nb_man,
                kernel_name=kernel_name,
                kernel_manager_class=_Kernel,
                timeout=execution_timeout or CELL_SECONDS,
                startup_timeout=start_timeout,
                on_cell_start=on_cell_start,
                extra_arguments=[f"--ipython-dir={profile}", f"--log-level={_SILENT}"],
            )
            return client.execute()


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
    """Keeps what an error says out of the notebook, unless it is an error of ours, which holds no values."""

    def output(self, outs: Any, msg: Any, display_id: Any, cell_index: int) -> Any:
        if msg["msg_type"] == "error" and msg["content"]["ename"] not in _OURS:
            msg["content"] = {"ename": msg["content"]["ename"], "evalue": REDACTED, "traceback": []}
        elif msg["msg_type"] == "error":
            msg["content"]["traceback"] = [f"{msg['content']['ename']}: {msg['content']['evalue']}"]
        return super().output(outs, msg, display_id, cell_index)
