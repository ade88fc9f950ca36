"""SIGKILL at any moment: nothing half, nothing paid twice, and the next run completes. Long: benchmarks/kills.py."""

import random

import pytest
from kills import check_lake, check_releases, differing, ingest, ingested, report, seconds, settled, stored, survive
from steps import answers, copy

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("small")]


def moments(count, length, *, seed=7, start=0.3):
    """Delays spread over a run, one in each equal part of it after its imports."""
    rng = random.Random(seed)
    return [length * (start + (1 - start) * (part + rng.random()) / count) for part in range(count)]


def test_an_intake_killed_at_any_moment_leaves_all_or_nothing(fresh, filled, tmp_path):
    export = fresh.parent / "export"
    length = seconds(ingest(copy(fresh, tmp_path / "timed"), export))
    root = copy(fresh, tmp_path / "w")
    survive(ingest(root, export), root, moments(4, length), check_lake)
    ingested(root, export)
    assert differing(stored(root), stored(filled)) == []


def test_a_run_killed_at_any_moment_pays_no_answer_twice(filled, reported, tmp_path):
    length = seconds(report(copy(filled, tmp_path / "timed")))
    root = copy(filled, tmp_path / "w")
    survive(report(root), root, moments(3, length), check_releases)
    settled(root)
    assert answers(root).keys() == answers(reported).keys()
