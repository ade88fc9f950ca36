"""Two workspaces, each made once: the demo, and a small one that is quick to make and to copy."""

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "leak")]  # steps, kills and find

from steps import MONTH, ok  # noqa: E402

from privacy_analytics.sample import write_sample  # noqa: E402


@dataclass(frozen=True)
class Demo:
    """What ``pa demo`` left behind: the folder that it was called in, and what it printed."""

    called_in: Path
    home: Path
    printed: str

    @property
    def root(self) -> Path:
        return self.called_in / "demo"

    def again(self) -> str:
        return ok("demo", cwd=self.called_in, HOME=str(self.home)).stdout


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    called_in, home = tmp_path_factory.mktemp("called-in"), tmp_path_factory.mktemp("home")
    return Demo(called_in, home, ok("demo", cwd=called_in, HOME=str(home)).stdout)


@pytest.fixture(scope="session")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace without data, and beside it an export of 4,000 accounts."""
    root = tmp_path_factory.mktemp("fresh") / "w"
    ok("init", root, "--contact-email", "privacy@example.com", "--policy-posted", "2026-08-01")
    write_sample(root.parent / "export", accounts=4_000, conversations=60)
    return root


@pytest.fixture(scope="session")
def filled(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small export taken in; nothing is asked yet."""
    from steps import copy

    root = copy(fresh, tmp_path_factory.mktemp("filled") / "w")
    ok("ingest", fresh.parent / "export", "-w", root, "--tier", "fast")
    return root


@pytest.fixture(scope="session")
def reported(filled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The usage report of the small workspace has run once."""
    from steps import copy

    root = copy(filled, tmp_path_factory.mktemp("reported") / "w")
    ok("run", "usage_report", "-w", root, "--month", MONTH)
    return root
