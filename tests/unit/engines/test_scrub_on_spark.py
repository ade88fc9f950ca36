"""The example that scrubs on Spark masks what one Scrubber masks, text by text, and says no text when it fails."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from privacy_analytics.engines.cluster import installed
from privacy_analytics.engines.scrubbing import scrubbed
from privacy_analytics.scrub import Scrubber

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "scrub_on_spark.py"
TEXTS = [
    "write to amelia.stone@example.com about the mix",
    None,
    "",
    "call me at +44 20 7946 0958, I am Amelia Stone",
    "the kick is too loud at 120 bpm",
    "my plugin is under /Users/amelia/Library/Audio",
]


def expected() -> list[str | None]:
    masked = iter(Scrubber().scrub([text for text in TEXTS if text is not None]))
    return [None if text is None else next(masked).text for text in TEXTS]


def example(*arguments: object) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, EXAMPLE, *arguments, "--master", "local[2]"]
    return subprocess.run(line, capture_output=True, text=True, timeout=500)


@pytest.fixture
def spark() -> None:
    if not installed():
        (pytest.fail if os.environ.get("CI_SERVICES") else pytest.skip)("PySpark or Java is not installed: make spark")


@pytest.mark.service
def test_spark_masks_what_one_scrubber_masks(spark: None, tmp_path: Path):
    rows = pl.DataFrame({"at": range(len(TEXTS)), "content": TEXTS})
    rows.write_parquet(tmp_path / "in.parquet")
    done = example(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    found = pl.read_parquet(tmp_path / "out.parquet" / "*.parquet").sort("at")
    assert found["content"].to_list() == expected()
    assert "<EMAIL>" in str(found["content"][0])
    again = example(tmp_path / "in.parquet", tmp_path / "out.parquet")
    assert again.returncode == 1
    assert again.stderr.startswith("Not scrubbed (AnalysisException).")


@pytest.mark.long
def test_a_batch_keeps_its_other_columns_and_its_types():
    batch = pa.record_batch({"at": pa.array([1, 2]), "content": pa.array([TEXTS[0], None], pa.large_string())})
    (masked,) = scrubbed([batch], "content")
    assert masked.schema == batch.schema
    assert masked.column("at").equals(batch.column("at"))
    assert masked.column("content").to_pylist() == [expected()[0], None]
