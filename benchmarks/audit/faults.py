"""Faults that are seeded into a copy of the code, and the audit or test that must catch each.

An edit is a text of the code that is there once, and what stands in its place. A refactoring that moves the text makes
the edit impossible, which fails: then the fault has to be seeded anew.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROMISES = "tests/audit/test_promises.py::"


@dataclass(frozen=True)
class Edit:
    """``old``, which is once in this file of the package, becomes ``new``."""

    file: str
    old: str
    new: str

    def times(self, package: Path) -> int:
        """How often the text is there."""
        return (package / self.file).read_text().count(self.old)


@dataclass(frozen=True)
class Fault:
    """What is wrong, how it is made so, and what must catch it: claims of ``claims.py`` (``audit NAME``) or tests."""

    name: str
    caught_by: tuple[str, ...]
    edits: tuple[Edit, ...]


LOCAL = "dp/local.py"
CLIP = "np.minimum(rows, bounded.per_cell)"
FAULTS = (
    Fault(
        "quantiles: noise / 2",
        ("audit quantiles",),
        (Edit("dp/ranks.py", "_chooser(scale)(row)", "_chooser(scale / 2)(row)"),),
    ),
    Fault(
        "phrases: noise / 1.5",
        ("audit selection_of_keys",),
        (
            Edit(
                "dp/selection.py",
                "_mechanism(each.scale, each.threshold)",
                "_mechanism(each.scale / 1.5, each.threshold)",
            ),
        ),
    ),
    Fault(
        "noise / 1.25",
        ("audit count_rows",),
        (
            Edit(
                "dp/mechanisms.py", "    measurement = gaussian(scale)\n", "    measurement = gaussian(scale / 1.25)\n"
            ),
        ),
    ),
    Fault(
        "no clip (and no last look)",
        ("audit count_rows",),
        (Edit(LOCAL, CLIP, "rows"), Edit("counting.py", "if not fits.all():", "if False:")),
    ),
    Fault(
        "clip x 2",
        ("audit count_rows",),
        (
            Edit(LOCAL, CLIP, "np.minimum(rows, 2 * bounded.per_cell)"),
            Edit(LOCAL, "(each.n <= bounded.per_cell)", "(each.n <= 2 * bounded.per_cell)"),
        ),
    ),
    Fault(
        "two cells more than are priced",
        ("audit count_rows",),
        (
            Edit(LOCAL, "[first + bounded.per_account - 1]", "[first + bounded.per_account + 1]"),
            Edit(LOCAL, "minlength=len(each.beyond)) > bounded", "minlength=len(each.beyond)) > 2 + bounded"),
        ),
    ),
    Fault(
        "cells grouped anew after the clip",
        ("audit count_rows",),
        (Edit("counting.py", "at = each.cell * width", "at = each.cell // 6 * 6 * width"),),
    ),
    Fault(
        "a mean's count of accounts is not priced",
        ("audit mean",),
        (Edit("dp/questions/bounded.py", "(self.per_cell**2 + self.counted**2)", "self.per_cell**2"),),
    ),
    Fault(
        "a question that spans months is priced at C, not 2 C",
        ("audit retention", PROMISES + "test_a_question_that_spans_months_is_priced_at_both_sides_of_a_change"),
        (Edit("dp/questions/bounded.py", "return 2 if len(self.months) > 1 else 1", "return 1"),),
    ),
    Fault(
        "threshold two accounts too low",
        ("audit thresholds",),
        (
            Edit(
                "dp/selection.py",
                "_mechanism(each.scale, each.threshold)",
                "_mechanism(each.scale, each.threshold - 2 * WEIGHT)",
            ),
        ),
    ),
    Fault(
        "threshold off by two",
        ("tests/statistical/test_selection.py::test_a_key_of_one_account_is_found_no_more_often_than_delta",),
        (
            Edit(
                "dp/selection.py",
                "_mechanism(each.scale, each.threshold)",
                "_mechanism(each.scale, each.threshold - 2)",
            ),
        ),
    ),
    Fault(
        "keys coded by their rank in the data",
        (PROMISES + "test_what_an_account_adds_is_its_own_matter",),
        (
            Edit(
                LOCAL,
                "priority(account_hash[whose], cell, salt)",
                "priority(account_hash[whose], np.unique(cell, return_inverse=True)[1], salt)",
            ),
        ),
    ),
    Fault(
        "cells chosen by an account's place among the others",
        (PROMISES + "test_an_accounts_name_and_place_decide_nothing",),
        (Edit(LOCAL, "priority(account_hash[whose], cell, salt)", "priority(whose, cell, salt)"),),
    ),
    Fault(
        "cells from the data, not from the public list",
        (PROMISES + "test_an_answers_cells_are_the_public_ones_whatever_the_rows",),
        (
            Edit(
                "dp/answering.py",
                "for key, total in zip(bounded.cells, noised[:size], strict=True)",
                "for key, total, n in zip(bounded.cells, noised[:size], sums.n.ravel().tolist(), strict=True) if n",
            ),
        ),
    ),
    Fault(
        "charged after the noise",
        (PROMISES + "test_noise_is_drawn_after_its_charge_is_durable",),
        (
            Edit(
                "drawing.py",
                "    try:\n        ledger.drawing(plan, key=bounded.key, charge=charge, **purse.about)\n",
                "    text = _guarded(answer, bounded, charge)\n"
                "    try:\n        ledger.drawing(plan, key=bounded.key, charge=charge, **purse.about)\n",
            ),
            Edit(
                "drawing.py", "    if (text := _guarded(answer, bounded, charge)) is None:\n", "    if text is None:\n"
            ),
        ),
    ),
    Fault(
        "answered questions are drawn again",
        (PROMISES + "test_a_question_in_another_plan_has_the_same_bytes_for_nothing",),
        (
            Edit("drawing.py", "if not any(ledger.released(grain.key) for grain in grains)", "if grains"),
            Edit("drawing.py", "    if ledger.released(bounded.key) is not None:\n        return\n", ""),
        ),
    ),
)


def copy(target: Path, fault: Fault | None = None) -> None:
    """The code, its tests and this audit in another folder, with one fault or none.

    Raises
    ------
    LookupError
        the text of an edit is not there once
    """
    for part in ("privacy_analytics", "tests", "benchmarks/audit"):
        shutil.copytree(ROOT / part, target / part)
    shutil.copy(ROOT / "pyproject.toml", target)
    for part in ("data", "notebooks"):
        (target / part).symlink_to(ROOT / part)
    for edit in fault.edits if fault else ():
        file = target / "privacy_analytics" / edit.file
        if (times := edit.times(target / "privacy_analytics")) != 1:
            raise LookupError(f"{edit.file} has the text of an edit {times} times, not once. Seed the fault anew.")
        file.write_text(file.read_text().replace(edit.old, edit.new))
