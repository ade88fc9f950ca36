import ast
import subprocess
import sys

import pytest

import privacy_analytics

HEAVY = {
    "altair",
    "dataframely",
    "deltalake",
    "narwhals",
    "numpy",
    "onnxruntime",
    "opendp",
    "pandas",
    "papermill",
    "polars",
    "presidio_analyzer",
    "sklearn",
    "spacy",
    "sqlalchemy",
    "tokenizers",
}


def loaded_by(code: str) -> set[str]:
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; print(sorted(sys.modules))"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ast.literal_eval(ran.stdout))


def test_importing_the_package_is_light():
    assert not HEAVY & loaded_by("import privacy_analytics")


def test_stating_a_question_is_light_too():
    code = "from privacy_analytics import CountAccounts; CountAccounts('events', by='day').canonical()"
    assert not HEAVY & loaded_by(code)


def test_answering_a_question_loads_nothing_that_only_ingest_or_the_ledger_needs(empty):
    code = (
        "from pathlib import Path; from privacy_analytics import contracts, counting, settings; "
        f"contracts.tables(settings.read(Path({str(empty.root)!r})))"
    )
    assert not {"dataframely", "sqlalchemy"} & loaded_by(code)


def test_what_is_promised_is_sorted_and_importable():
    names = privacy_analytics.__all__
    assert names == sorted(names)
    assert dir(privacy_analytics) == names
    assert all(callable(getattr(privacy_analytics, name)) for name in names)
    assert set(privacy_analytics._HOME) == set(names)


def test_what_is_not_there_is_said_by_name():
    with pytest.raises(AttributeError, match="collect"):
        _ = privacy_analytics.collect
