"""Every clause has a control, every control one test, and taking any of them away is seen."""

from dataclasses import replace
from pathlib import Path

import pytest

from privacy_analytics import controls
from privacy_analytics.controls import Control, Proof, matched, proofs, proved
from privacy_analytics.errors import PolicyError

ROOT = Path(__file__).parents[2]
KNOWN = [Control("8.erase", "nothing stays", "lake"), Control("11.notice", "14 days", "policy")]


@pytest.fixture
def checkout(tmp_path):
    """A checkout with one test a control; ``write(name, body)`` replaces a test's body."""
    (tmp_path / "tests").mkdir()
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\nmarkers = ["clause(id): a control"]\n')

    def write(control, body):
        name = control.replace(".", "_")
        text = f"import pytest\n\n\n@pytest.mark.clause({control!r})\ndef test_{name}():\n    {body}\n"
        (tmp_path / "tests" / f"test_{name}.py").write_text(text)

    for control in KNOWN:
        write(control.id, "assert True")
    return tmp_path, write


def test_a_checkout_whose_tests_pass_is_proved(checkout):
    folder, _ = checkout
    tests = matched(KNOWN, proofs(folder / "tests"))
    assert tests["8.erase"] == Proof("8.erase", "tests/test_8_erase.py", "test_8_erase")
    assert proved(folder, tests) == []


@pytest.mark.parametrize("body", ["assert False", "pytest.skip('not here')"])
def test_a_control_whose_test_does_not_pass_is_named(checkout, body):
    folder, write = checkout
    write("11.notice", body)
    assert proved(folder, matched(KNOWN, proofs(folder / "tests"))) == ["11.notice"]


def test_a_test_file_that_cannot_be_read_proves_nothing(checkout):
    folder, _ = checkout
    tests = matched(KNOWN, proofs(folder / "tests"))
    (folder / "tests" / "test_8_erase.py").write_text("import nowhere_at_all\n")
    assert "8.erase" in proved(folder, tests)


def test_two_tests_of_one_control_are_refused_since_one_could_go_unseen(checkout):
    folder, _ = checkout
    found = proofs(folder / "tests")
    with pytest.raises(PolicyError, match=r"8\.erase: 2 tests"):
        matched(KNOWN, [*found, replace(found[1], test="test_again")])


def test_a_mark_that_names_no_control_is_refused(checkout):
    folder, write = checkout
    write("8.earse", "assert True")
    with pytest.raises(PolicyError, match=r"8\.earse: no such control"):
        matched(KNOWN, proofs(folder / "tests"))


def test_every_clause_of_the_policy_has_a_control():
    assert {control.clause for control in controls.controls()} == set(controls.CLAUSES)


def test_taking_away_any_one_test_of_this_checkout_is_seen():
    known, found = controls.controls(), proofs(ROOT / "tests")
    tests = matched(known, found)
    for control in known:
        rest = [proof for proof in found if proof != tests[control.id]]
        with pytest.raises(PolicyError, match=f"{control.id}: no test"):
            matched(known, rest)


def test_the_page_of_docs_is_the_one_that_is_made_of_the_controls():
    known = controls.controls()
    made = controls.page(known, matched(known, proofs(ROOT / "tests")))
    assert (ROOT / controls.PAGE).read_text() == made, "make it anew: pa policy trace --write"
