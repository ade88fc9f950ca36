"""The audit: what each kind of question is measured to lose, and whether seeded faults are caught.

    python benchmarks/audit            everything; fails where a claim does not hold or a fault is not caught
    python benchmarks/audit NAME ...   these claims alone: 3 where more is lost than claimed, 4 where too little is seen

An honest run fails with probability below ALPHA a claim, so below 1 % while there are fewer than 100 claims.
Lower bounds never prove privacy: the proof is in the code and its bounds, this looks for what contradicts it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from bounds import ALPHA
from claims import CLAIMS
from faults import FAULTS, ROOT, Fault, copy

from privacy_analytics.dp.questions import KINDS

TOO_MUCH, TOO_LITTLE, TEST_FAILED = 3, 4, 1
SAYS = {0: "", TOO_MUCH: "   MORE THAN CLAIMED", TOO_LITTLE: "   TOO LITTLE IS SEEN"}
PYTEST = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", "--tb=line")


def main(names: list[str]) -> int:
    functions = {function.__name__: function for group in CLAIMS.values() for function in group}
    return measure([functions[name] for name in names]) if names else everything(list(functions))


def measure(functions: list) -> int:
    """Print what these claims measure; the worst of it as exit code."""
    worst = 0
    for function in functions:
        for found in function():
            code = 0 if found.holds else TOO_MUCH if found.bound > found.claimed else TOO_LITTLE
            print(
                f"{function.__name__:17} {found.what:30} claimed {found.claimed:6.3f}   "
                f"lost at least {found.bound:6.3f}   {found.replicates:6,} replicates{SAYS[code]}"
            )
            worst = worst or code
    return worst


def everything(names: list[str]) -> int:
    """Claims and tests of the code as it is, then every fault, two processes at a time."""
    start = time.monotonic()
    tests = sorted({each for fault in FAULTS for each in fault.caught_by if not each.startswith("audit ")})
    wrong = [f"no claim is made of questions of the kind {kind}" for kind in KINDS.keys() - CLAIMS.keys()]
    with ThreadPoolExecutor(2) as pool:
        measured = [pool.submit(run, ROOT, "benchmarks/audit", *part) for part in (names[::2], names[1::2])]
        tested = pool.submit(run, ROOT, *PYTEST, *tests)
        seeded = {fault: pool.submit(caught, fault) for fault in FAULTS}
        for each in measured:
            print(each.result()[1], flush=True)
            wrong += ["a claim does not hold"] if each.result()[0] else []
        if tested.result()[0]:
            print(tested.result()[1])
            wrong += ["a test that should catch a fault fails without one"]
        for fault, each in seeded.items():
            wrong += report(fault, each)
    claims = sum(len(each.result()[1].splitlines()) for each in measured)
    print(
        f"\n{claims} claims, {len(FAULTS)} faults, {time.monotonic() - start:.0f} s; "
        f"an honest run fails with probability below {claims * ALPHA:.2%}"
    )
    for each in wrong:
        print(f"FAILED: {each}")
    return bool(wrong)


def report(fault: Fault, each: Future[list[str]]) -> list[str]:
    """One line a fault; what is wrong."""
    if isinstance(moved := each.exception(), LookupError):
        print(f"{fault.name:60} NOT seeded: {moved}", flush=True)
        return [f"the fault {fault.name!r} cannot be seeded any more"]
    missed = each.result()
    names = ", ".join(by.rpartition("::")[2] for by in missed or fault.caught_by)
    verdict = f"{'NOT caught' if missed else 'caught'} by {names}"
    print(f"{fault.name:60} {verdict}", flush=True)
    return [f"the fault {fault.name!r} is not caught"] if missed else []


def caught(fault: Fault) -> list[str]:
    """Those that should catch a fault and do not."""
    with tempfile.TemporaryDirectory() as folder:
        copy(Path(folder), fault)
        return [each for each in fault.caught_by if not catches(Path(folder), each)]


def catches(folder: Path, by: str) -> bool:
    """Whether a claim is measured to be broken, or a test fails; an error that stops either is no catch."""
    if by.startswith("audit "):
        return run(folder, "benchmarks/audit", by.removeprefix("audit "))[0] == TOO_MUCH
    code, said = run(folder, *PYTEST, by)
    return code == TEST_FAILED and re.search(r"^FAILED", said, re.MULTILINE) is not None


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """Python on the code in this folder, and on no other: exit code and what it printed."""
    environment = os.environ | {"PYTHONPATH": str(folder), "POLARS_MAX_THREADS": "1"}
    command = [sys.executable, *arguments]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    return ran.returncode, (ran.stdout + (ran.stderr if ran.returncode else "")).rstrip()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
