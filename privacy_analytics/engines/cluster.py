"""One Spark application a process: started once, silent, without a port of its own, stopped at exit."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from privacy_analytics.errors import SettingsError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from privacy_analytics.settings import Spark

JAVA = "Spark needs Java 17 or later. Install it (on Debian: apt install openjdk-17-jre-headless), or set JAVA_HOME."
_USUAL = {
    "spark.io.encryption.enabled": "true",  # what it writes to disk meanwhile, under a key that is gone with it
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",  # the files are known: none has to be found
}
_LOCAL = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.pyspark.python": sys.executable,
    "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
}
_ALWAYS = {
    "spark.log.level": "ERROR",
    "spark.sql.ansi.enabled": "true",  # what overflows fails, it does not wrap around
    "spark.sql.execution.pythonUDF.arrow.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


def session(spark: Spark, zone: str) -> SparkSession:
    """A session in which hours and days are those of a time zone; its application is started where none is.

    Raises SettingsError where Java is missing or the application cannot be started.
    """
    with unheard():
        return _session(spark.master, tuple(sorted(spark.conf.items())), zone)


@cache
def _session(master: str, conf: tuple[tuple[str, str], ...], zone: str) -> SparkSession:
    made = _started(master, conf).newSession()
    made.conf.set("spark.sql.session.timeZone", zone)
    return made


@cache
def _started(master: str, conf: tuple[tuple[str, str], ...]) -> SparkSession:
    if not _java():
        raise SettingsError(JAVA)
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    local = _LOCAL if master.startswith("local") else {}
    chosen = {**_USUAL, **local, **dict(conf), **_ALWAYS}
    settings = SparkConf().setMaster(master).setAppName("privacy_analytics").setAll(list(chosen.items()))
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # a worker's traceback quotes rows
    try:
        context = SparkContext(conf=settings, gateway=launch_gateway(settings, popen_kwargs=nowhere))
    except Exception as error:  # noqa: BLE001  # of Java, of the network, of the cluster
        name = type(error).__name__
        raise SettingsError(
            f"Spark could not be started ({name}). {JAVA} See that spark.master is right and the cluster runs; "
            "one process has one Spark application."
        ) from None
    context.pythonExec = chosen.get("spark.pyspark.python", context.pythonExec)  # else read by spark-submit alone
    atexit.register(context.stop)
    return SparkSession(context)


@contextmanager
def unheard() -> Generator[None]:
    """PySpark warns whoever has pandas 3, even where no pandas is used."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        yield


def installed() -> bool:
    """Whether PySpark and Java are there."""
    return bool(find_spec("pyspark")) and _java()


def _java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return bool(shutil.which("java") or (home and (Path(home) / "bin" / "java").exists()))
