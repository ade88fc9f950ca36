"""Many people at their notebooks and a scheduled run, all at once on one ledger and one release store; some are killed.

Same question, same bytes for everybody, paid once; different questions within the cap; whoever was killed starts again.
"""

import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from steps import MONTH, answers, copy, curator, ok, pa

SEED = 7
MATE = Path(__file__).with_name("teammate.py")


@dataclass
class Team:
    """Who works in a workspace, and what became of it."""

    root: Path
    given: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    """By mate: the bytes of each release that it was given, by id."""
    ended: list[Any] = field(default_factory=list[Any])
    """Kernels and the scheduled run."""
    killed: int = 0

    def work(self, *, mates: int, kernels: int, runs: int, victims: int) -> None:
        """Everybody at once; ``victims`` of the mates are killed at some moment of their work, and start again."""
        rng, go = random.Random(SEED), Barrier(mates)
        moments = [*(rng.uniform(0.2, 4) for _ in range(victims)), *[None] * (mates - victims)]
        with ThreadPoolExecutor(mates + kernels + runs) as pool:
            books = [pool.submit(self._kernel, number) for number in range(kernels)]
            books += [pool.submit(pa, "run", "usage_report", "-w", self.root, "--month", MONTH) for _ in range(runs)]
            self.given += pool.map(self._mate, range(mates), moments, [go] * mates)
            self.ended += [book.result() for book in books]

    def _mate(self, number: int, moment: float | None, go: Barrier | None) -> dict[str, str]:
        log = self.root.parent / f"mate{number}.log"
        with log.open("a") as errors:
            line: Sequence[str] = [sys.executable, str(MATE), str(self.root), str(number)]
            process = subprocess.Popen(
                line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=self.root.parent
            )
            assert process.stdout
            assert process.stdout.readline() == "ready\n", log.read_text()
            if go:
                go.wait(300)
            try:
                said, _ = process.communicate("\n", timeout=moment)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.killed += 1
                return self._mate(number, None, None)
        assert process.returncode == 0, log.read_text()
        return loads(said)

    def _kernel(self, number: int) -> Any:
        """The shipped notebook by plain papermill, in a kernel of its own."""
        source, out = self.root / "notebooks" / "explore.ipynb", self.root.parent / f"out{number}.ipynb"
        given = ("-p", "workspace", self.root, "-p", "month", MONTH)
        return pa(source, out, "--no-progress-bar", *given, cwd=self.root.parent, module="papermill")


def check(team: Team) -> None:
    """What must hold, whoever was killed when."""
    assert [(each.args, each.stderr) for each in team.ended if each.returncode] == []
    known = curator(team.root)
    events = known.ledger.events()  # opened, so its chain holds
    committed = {f"r-{key[:12]}": text for key, text in answers(team.root).items()}
    assert {each: known.store.text(each) for each in known.store.ids()} == committed
    assert all(mine.items() <= committed.items() for mine in team.given)
    common = set.intersection(*map(set, team.given))
    assert len(common) >= 7  # what the shipped notebook asks one by one
    assert len(set().union(*team.given) - common) >= 2  # of one's own, until somebody took all that was left
    drawn = Counter(key for key, _ in {(each.key, each.attempt) for each in events if each.kind == "drawing"})
    assert sum(drawn.values()) - len(committed) <= team.killed
    purses = known.budgets.purses(MONTH)
    assert [name for name, purse in purses.items() if not purse.spent.within(purse.allowance)] == []
    assert purses["exploration"].left.nano_rho == 0  # they asked for all, and were refused more


@pytest.fixture(scope="module")
def team(filled: Path, server: Any, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """A dozen processes, four kernels and a scheduled run on PostgreSQL, when all have come to an end."""
    root = copy(filled, tmp_path_factory.mktemp("team") / "w")
    file, url = root / "workspace.toml", server.new()
    text = file.read_text().replace("sqlite:///ledger.sqlite", url)
    file.write_text(f'{text}\n[releases]\nurl = "{url}"\n')
    made = Team(root)
    made.work(mates=12, kernels=4, runs=1, victims=4)
    return made


@pytest.mark.slow
@pytest.mark.service
def test_sixteen_notebooks_and_a_run_on_postgresql_get_the_same_bytes_and_never_overspend(team: Team):
    check(team)
    assert team.killed > 0
    assert not (team.root / "ledger.sqlite").exists()
    assert list((team.root / "releases").iterdir()) == []


@pytest.mark.slow
@pytest.mark.service
def test_what_reads_releases_reads_them_from_the_database(team: Team, tmp_path: Path):
    before = len(curator(team.root).ledger.events())
    assert "error" not in ok("doctor", "-w", team.root).stdout
    ok("publish", f"{MONTH}/usage_report", "-w", team.root, "--approve", "N. N.")
    ok("audit", "report", f"{MONTH}/usage_report", "-w", team.root)
    statistic = ok("stats", "claims", f"{MONTH}/usage_report", "-w", team.root).stdout
    assert "s-" in statistic
    assert len(curator(team.root).ledger.events()) == before


@pytest.mark.slow
@pytest.mark.long
def test_four_on_a_file_get_the_same_bytes_and_never_overspend(filled: Path, tmp_path: Path):
    team = Team(copy(filled, tmp_path / "w"))
    team.work(mates=4, kernels=0, runs=0, victims=2)
    check(team)
