"""Steps that tests and benchmarks share: call ``pa``, copy a workspace, write a notebook, read the ledger."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat

from privacy_analytics import workspace
from privacy_analytics.curator import Curator
from privacy_analytics.dp.ledger import Event

MONTH = "2026-10"
PARAMETERS = 'month: str = ""\nworkspace: str = ""'


def command(*arguments: object, module: str = "privacy_analytics") -> list[str]:
    return [sys.executable, "-m", module, *map(str, arguments)]


def pa(*arguments: object, cwd: Path | None = None, module: str = "privacy_analytics", **environment: str):
    """Call the command line in a process of its own; standard output and error come back as text."""
    kept = {name: value for name, value in os.environ.items() if name != workspace.VARIABLE}
    line = command(*arguments, module=module)
    return subprocess.run(line, cwd=cwd, env=kept | environment, capture_output=True, text=True, timeout=600)


def ok(*arguments: object, **options):
    """``pa``, which must succeed."""
    done = pa(*arguments, **options)
    assert done.returncode == 0, done.stderr
    return done


def copy(of: Path, to: Path) -> Path:
    """A workspace of its own, restored from another: what is done to it leaves the first as it was."""
    shutil.copytree(of, to)
    workspace.accept_restore(to)
    return to


def write_report(root: Path, name: str, *cells: str, parameters: str = PARAMETERS) -> None:
    """A notebook in the workspace: its title, its parameters, then cells; one that starts with # is prose."""
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    book = nbformat.v4.new_notebook(metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    book.cells = [nbformat.v4.new_markdown_cell(f"# {name}"), nbformat.v4.new_code_cell(parameters)]
    book.cells[1].metadata.tags = ["parameters"]
    for cell in cells:
        made = nbformat.v4.new_markdown_cell if cell.startswith("#") else nbformat.v4.new_code_cell
        book.cells.append(made(cell))
    nbformat.write(book, root / "notebooks" / f"{name}.ipynb")


def run(root: Path, report: str, *more: object):
    return pa("run", report, "-w", root, "--month", MONTH, *more)


def curator(root: Path) -> Curator:
    return Curator(workspace.load(root))


def events(root: Path) -> list[Event]:
    return curator(root).ledger.events()


def spent(root: Path) -> int:
    return curator(root).ledger.lifetime().nano_rho


def answers(root: Path) -> dict[str, str]:
    """The released bytes by the key of their question."""
    return {event.key: event.payload for event in events(root) if event.kind == "commit"}


def files(folder: Path) -> dict[str, bytes]:
    """Every file under a folder by its relative path."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}
