"""Where something of an account can stand in a workspace: one plant for each kind of store."""

import gzip
import json
import zipfile
from collections.abc import Callable
from datetime import date

import nbformat
import polars as pl
from deltalake import DeltaTable

from privacy_analytics.lake import Lake, private_files
from privacy_analytics.rights.requests import Requests
from privacy_analytics.settings import Settings

Plant = Callable[[Settings, str, str], str]
"""(settings, pseudonym, sentence) -> the file or folder below the workspace that holds both now."""


def _text(path: str) -> Plant:
    def plant(settings: Settings, account: str, said: str) -> str:
        file = settings.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a") as lines:
            lines.write(f"a line of nobody\n{account}: {said}\n")
        return path

    return plant


def _notebook(path: str) -> Plant:
    def plant(settings: Settings, account: str, said: str) -> str:
        shown = nbformat.v4.new_output("execute_result", {"text/plain": f"{account} {said}"})
        cells = [nbformat.v4.new_markdown_cell("# Kept"), nbformat.v4.new_code_cell("1 + 1", outputs=[shown])]
        file = settings.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells), file)
        return path

    return plant


def _old_version(settings: Settings, account: str, said: str) -> str:
    """A file that no version of the table names any more."""
    folder = next(settings.path("lake", "messages").glob("month=*/batch=*"))
    _rows(account, said).write_parquet(folder / "0.parquet", statistics=False)
    return str(folder.relative_to(settings.root))


def _statistics(settings: Settings, account: str, said: str) -> str:
    """As another writer would write them: the log's entry of a file, once more, with bounds."""
    table = settings.path("lake", "messages")
    log = table / "_delta_log"
    actions = pl.DataFrame(DeltaTable(table).get_add_actions(flatten=True))
    path, size, month, batch, rows = actions.select(
        "path", "size_bytes", "partition.month", "partition.batch", "num_records"
    ).row(0)
    bounds = {"account": account, "content": said}
    stats = {"numRecords": rows, "minValues": bounds, "maxValues": bounds, "nullCount": {"account": 0, "content": 0}}
    where = {"month": month, "batch": batch}
    add = {"path": path, "partitionValues": where, "size": size, "modificationTime": 0, "dataChange": False}
    version = DeltaTable(table).version() + 1
    (log / f"{version:020}.json").write_text(json.dumps({"add": {**add, "stats": json.dumps(stats)}}) + "\n")
    return str((log / f"{version:020}.json").relative_to(settings.root))


def _predicate(settings: Settings, account: str, said: str) -> str:
    """A row of theirs deleted by somebody with another tool, who quoted it."""
    quoted = said.replace("'", "''")
    delta = DeltaTable(settings.path("lake", "messages"))
    delta.delete(f"account = '{account}' AND content = '{quoted}'")
    return f"lake/messages/_delta_log/{delta.version():020}.json"


def _quarantine(settings: Settings, account: str, said: str) -> str:
    file = settings.path("lake", "quarantine", f"{Lake(settings.path('lake')).batches()[0]}.parquet")
    rows = pl.read_parquet(file) if file.exists() else pl.DataFrame()
    with private_files():
        file.parent.mkdir(exist_ok=True)
        pl.concat([rows, _rows(account, said)], how="diagonal").write_parquet(file)
    return str(file.relative_to(settings.root))


def _staging(settings: Settings, account: str, said: str) -> str:
    file = settings.path("lake", "staging", "messages", "0.parquet")
    file.parent.mkdir(parents=True)
    _rows(account, said).write_parquet(file)
    return "lake/staging"


def _uncommitted(settings: Settings, account: str, said: str) -> str:
    """What an intake left that was killed before its commit."""
    folder = settings.path("lake", "messages", "month=2026-10", "batch=20261101T000000000000-00000000")
    folder.mkdir(parents=True)
    _rows(account, said).write_parquet(folder / "0.parquet")
    return str(folder.relative_to(settings.root))


def _bundle(settings: Settings, account: str, said: str) -> str:
    requests = Requests(settings, Lake(settings.path("lake")))
    request = requests.create("access", [account], by="N. N.", received=date(2026, 11, 2))
    with zipfile.ZipFile(requests.path(request, "bundle.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("chats.json", json.dumps([{"account": account, "content": said}]))
    return f"requests/{request.id}/bundle.zip"


def _packed(settings: Settings, account: str, said: str) -> str:
    settings.path("logs", "operator.log.1.gz").write_bytes(gzip.compress(f"{account} {said}".encode()))
    return "logs/operator.log.1.gz"


def _rows(account: str, said: str) -> pl.DataFrame:
    return pl.DataFrame({"account": ["0" * 32, account, "f" * 32], "content": ["a", said, "z"]})


PLANTS: dict[str, Plant] = {
    "old version of a table": _old_version,
    "rows never committed": _uncommitted,
    "predicate in a Delta log": _predicate,
    "statistics in a Delta log": _statistics,
    "quarantine": _quarantine,
    "staging": _staging,
    "page of a run": _text("runs/2026-10/usage_report/001/report.html"),
    "executed notebook of a run": _notebook("runs/2026-10/other/001/executed.ipynb"),
    "notebook of a run that failed": _notebook("runs/2026-10/usage_report/failed.ipynb"),
    "notebook": _notebook("notebooks/mine.ipynb"),
    "checkpoint of a notebook": _notebook("notebooks/.ipynb_checkpoints/mine-checkpoint.ipynb"),
    "log": _text("logs/operator.log"),
    "packed log": _packed,
    "published page": _text("published/2001-01/usage_report/index.html"),  # of no month that could be run again
    "bundle of an earlier request": _bundle,
    "JupyterLab's own folder": _text("private/lab/workspaces/default.jupyterlab-workspace"),
}


def plant(settings: Settings, account: str, said: str) -> dict[str, str]:
    """Everything planted; where, by what it is."""
    with private_files():
        return {what: one(settings, account, said) for what, one in PLANTS.items()}
