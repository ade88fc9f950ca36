"""PySpark gives the integers of polars, cell by cell, in local mode; what it needs and what it keeps to itself."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from typing import Any

import psutil
import pytest

from privacy_analytics import counting
from privacy_analytics.errors import LOST, LedgerError, SettingsError
from privacy_analytics.settings import Spark
from tests.unit.engines.asked import ASKED, PHRASES
from tests.unit.engines.worlds import WORLDS, World, differs, spells_otherwise

SPARK = Spark(
    "local[2]",
    {
        "spark.driver.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        # of tiny tables: what is compiled and planned anew costs more than it saves
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.codegen.wholeStage": "false",
    },
)
DISTURBED = [
    *("hours", "weeks", "groups and bins", "filters", "sign-ups", "their own", "nothing"),
    *("sum of rows", "mean below zero", "quantiles of candidates", "histogram", "histogram of totals"),
    *("crashed", "since sign-up", "mean since sign-up", "retention of three", "new adopters, earlier"),
]
"""Where numbers without an order, edges of days and marks taken off matter; DuckDB is asked more of it."""


@pytest.fixture(scope="module")
def spark() -> Callable[..., Any]:
    """The engine, on one application for all tests of a process. Where CI_SERVICES is set, its absence is a failure."""
    try:
        from privacy_analytics.engines.cluster import session
        from privacy_analytics.engines.spark import SparkEngine

        session(SPARK, "UTC")
    except (ImportError, SettingsError) as missing:
        (pytest.fail if os.environ.get("CI_SERVICES") else pytest.skip)(f"Spark is not there: {type(missing).__name__}")
    return lambda *about: SparkEngine(*about, SPARK)


@pytest.fixture(scope="module", params=["sample", "real"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    return WORLDS[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def disturbing(tmp_path_factory: pytest.TempPathFactory) -> World:
    return WORLDS["made"](tmp_path_factory.mktemp("made"))


@pytest.mark.service
@pytest.mark.parametrize("name", DISTURBED)
def test_spark_counts_what_polars_counts(spark: Any, disturbing: World, name: str):
    assert differs(disturbing, ASKED[name], spark) == []


@pytest.mark.service
@pytest.mark.parametrize("name", ASKED)
def test_spark_counts_what_polars_counts_of_people(spark: Any, world: World, name: str):
    assert differs(world, ASKED[name], spark) == []


@pytest.mark.service
@pytest.mark.parametrize("name", PHRASES)
def test_spark_spells_what_polars_spells(spark: Any, disturbing: World, name: str):
    assert spells_otherwise(disturbing, PHRASES[name], spark) == []


@pytest.mark.service
def test_what_spark_says_of_rows_is_heard_by_nobody(
    spark: Any, disturbing: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: Any
):
    from pyspark.sql import functions

    from privacy_analytics.engines.spark import _Files

    read = _Files.read
    bounded, about = disturbing.asked(ASKED["everybody"])
    fails = functions.raise_error(functions.concat(functions.lit("CANARY-"), functions.col("account")))
    monkeypatch.setattr(_Files, "read", lambda *of: read(*of).filter(fails.cast("string").isNull()))
    monkeypatch.setattr(counting.OPERATOR, "propagate", True)
    with caplog.at_level(logging.DEBUG, logger=counting.OPERATOR.name), pytest.raises(LedgerError) as raised:
        spark(*about).sums(bounded)
    assert str(raised.value) == LOST
    assert raised.value.__context__ is None
    assert "the engine failed in sums" in caplog.text
    assert "CANARY" not in caplog.text
    assert capfd.readouterr() == ("", "")


@pytest.mark.service
def test_spark_opens_no_port_to_others(spark: Any):
    from pyspark import SparkContext

    context = SparkContext._active_spark_context
    assert context is not None
    assert context.uiWebUrl is None
    java = [each for each in psutil.Process().children(recursive=True) if each.name() == "java"]
    listening = [each for child in java for each in child.net_connections() if each.status == psutil.CONN_LISTEN]
    assert listening
    assert {each.laddr.ip.removeprefix("::ffff:") for each in listening} <= {"127.0.0.1", "::1"}


def test_without_java_spark_is_refused_with_what_to_install(monkeypatch: pytest.MonkeyPatch, disturbing: World):
    pytest.importorskip("pyspark", reason="PySpark is not installed: make spark")
    from privacy_analytics.engines.cluster import session

    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(SettingsError, match="apt install openjdk-17"):
        session(Spark("local[3]"), "UTC")
