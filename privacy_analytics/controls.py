"""Clause -> control -> module -> test: what keeps the privacy policy, and the proof that it does.

Controls stand in ``data/controls.toml``. In a checkout each has exactly one test that is marked with its id, so that
taking any of them away is seen; ``proved`` runs them.
"""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree as ET

from privacy_analytics.errors import PolicyError
from privacy_analytics.shipped import shipped

CLAUSES = tuple(str(number) for number in range(1, 13))
"""§1 to §12 of the policy."""
PAGE = Path("docs", "policy.md")


@dataclass(frozen=True)
class Control:
    """Something that keeps a clause."""

    id: str
    says: str
    module: str
    """Below ``privacy_analytics``."""

    @property
    def clause(self) -> str:
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Proof:
    """A test that is marked with a control's id."""

    control: str
    file: str
    """Relative to the checkout."""
    test: str


def controls() -> list[Control]:
    """Every control, by clause. Raises PolicyError where a clause has none, or a control's module is not there."""
    raw = tomllib.loads(shipped("data", "controls.toml").read_text(encoding="utf-8"))
    found = [Control(f"{clause}.{word}", **about) for clause, words in raw.items() for word, about in words.items()]
    if bare := sorted(set(CLAUSES) - {control.clause for control in found}, key=int):
        raise PolicyError(f"No control keeps §{', §'.join(bare)}. Add one to data/controls.toml.")
    if lost := [control.id for control in found if find_spec(f"privacy_analytics.{control.module}") is None]:
        raise PolicyError(f"The module of {', '.join(lost)} is not there. Mend data/controls.toml.")
    return sorted(found, key=lambda control: int(control.clause))


def titles() -> dict[str, str]:
    """Clause -> its title in the shipped policy."""
    raw = tomllib.loads(shipped("data", "policy.toml").read_text(encoding="utf-8"))
    return {str(clause["number"]): clause["title"] for clause in raw["clauses"]}


def checkout() -> Path | None:
    """The folder of a checkout that this package runs from, or None where it is installed."""
    folder = Path(__file__).resolve().parents[1]
    return folder if (folder / "tests").is_dir() and (folder / "pyproject.toml").is_file() else None


def proofs(tests: Path) -> list[Proof]:
    """Every test below a folder that is marked with a control's id; read, not run."""
    return [proof for file in sorted(tests.rglob("test_*.py")) for proof in _marked(file, tests.parent)]


def matched(known: Iterable[Control], found: Iterable[Proof]) -> dict[str, Proof]:
    """The one test of each control. Raises PolicyError, with what to do, where one has none or several."""
    by: defaultdict[str, list[Proof]] = defaultdict(list)
    for proof in found:
        by[proof.control].append(proof)
    ids = [control.id for control in known]
    problems = [
        *(
            f"{each}: no test. Mark the one that proves it @pytest.mark.clause({each!r})."
            for each in ids
            if not by[each]
        ),
        *(f"{each}: {len(by[each])} tests. Leave the mark on the strongest." for each in ids if len(by[each]) > 1),
        *(f"{each}: no such control. Add it to data/controls.toml, or mend the mark." for each in set(by) - set(ids)),
    ]
    if problems:
        raise PolicyError("\n".join(["The policy is not proved:", *problems]))
    return {each: by[each][0] for each in ids}


def proved(folder: Path, tests: Mapping[str, Proof]) -> list[str]:
    """Run the tests of a checkout; the ids of controls whose test did not pass, be it that it failed or was skipped."""
    nodes = sorted({f"{proof.file}::{proof.test}" for proof in tests.values()})
    with TemporaryDirectory() as away:
        report = Path(away, "report.xml")
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *nodes]
        subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # our own tests
        outcomes = _outcomes(report) if report.exists() else {}
    return [each for each, proof in tests.items() if outcomes.get((_module(proof.file), proof.test), False) is False]


def page(known: Sequence[Control], tests: Mapping[str, Proof]) -> str:
    """The page of docs: a table a clause."""
    lines = [
        "# How the privacy policy is kept",
        "",
        "Every clause of the policy has controls that run, and every control has one test that proves it. This page is",
        "made by `pa policy trace --write`; `pa policy trace` runs the tests and fails where one is missing.",
    ]
    for clause, title in titles().items():
        lines += [
            "",
            f"## §{clause} {title}",
            "",
            "| control | what holds | module | test |",
            "|---|---|---|---|",
        ]
        for control in (each for each in known if each.clause == clause):
            proof = tests[control.id]
            module = f"[`{control.module}`](../{_source(control)})"
            test = f"[`{proof.test}`](../{proof.file})"
            lines.append(f"| {control.id} | {control.says} | {module} | {test} |")
    return "\n".join([*lines, ""])


def _source(control: Control) -> str:
    stem = f"privacy_analytics/{control.module.replace('.', '/')}"
    root = Path(__file__).resolve().parents[1]
    return f"{stem}.py" if (root / f"{stem}.py").is_file() else f"{stem}/__init__.py"


def _marked(file: Path, root: Path) -> Iterator[Proof]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.clause":
                    yield Proof(str(ast.literal_eval(mark.args[0])), file.relative_to(root).as_posix(), node.name)


def _module(file: str) -> str:
    return file.removesuffix(".py").replace("/", ".")


def _outcomes(report: Path) -> dict[tuple[str, str], bool]:
    """Whether every case of a test passed, by its module and name."""
    passed: dict[tuple[str, str], bool] = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314  # written by our own pytest
        name = case.get("classname", ""), case.get("name", "").partition("[")[0]
        bad = any(case.find(what) is not None for what in ("failure", "error", "skipped"))
        passed[name] = passed.get(name, True) and not bad
    return passed
