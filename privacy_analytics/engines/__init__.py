"""Which engine counts rows, by ``engine`` of ``workspace.toml``. All give the same integers, cell by cell.

``polars`` and ``duckdb`` read a span of accounts after the other in this process, ``spark`` the whole on a cluster. On
the latter two rows are read, bounded and checked by the engine; what comes back is a small table of sums.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from privacy_analytics.counting import LakeEngine
from privacy_analytics.errors import SettingsError

if TYPE_CHECKING:
    from privacy_analytics.contracts import Table
    from privacy_analytics.dp.answering import Engine
    from privacy_analytics.lake import Lake
    from privacy_analytics.settings import Settings
    from privacy_analytics.snapshots import Snapshot

_PACKAGES = {"polars": "polars", "duckdb": "duckdb", "spark": "pyspark"}


def engine_of(
    settings: Settings, lake: Lake, tables: Mapping[str, Table], snapshots: Sequence[Snapshot], salt: bytes
) -> Engine:
    """The workspace's engine over some snapshots, oldest first; ``salt`` decides which cells an account keeps.

    Raises SettingsError as ``ready`` does.
    """
    ready(settings)
    about = (lake, tables, snapshots, salt, settings.timezone)
    if settings.operating.engine == "spark":
        from privacy_analytics.engines.spark import SparkEngine

        return SparkEngine(*about, settings.operating.spark)
    if settings.operating.engine == "duckdb":
        from privacy_analytics.engines.duckdb import DuckDBEngine

        return DuckDBEngine(*about)
    return LakeEngine(*about)


def ready(settings: Settings) -> None:
    """Start the engine, where it has to be started. To be called before anything is charged.

    Raises SettingsError where its package or Java is missing, or the cluster cannot be reached.
    """
    version(settings)
    if settings.operating.engine == "spark":
        from privacy_analytics.engines.cluster import session

        session(settings.operating.spark, settings.timezone)


def version(settings: Settings) -> dict[str, str]:
    """The engine's package and its version. Raises SettingsError where it is not installed."""
    name = settings.operating.engine
    try:
        return {_PACKAGES[name]: metadata.version(_PACKAGES[name])}
    except metadata.PackageNotFoundError:
        raise SettingsError(
            f'engine = "{name}" needs a package that is not installed. Run pip install "privacy-analytics[{name}]", '
            "or take the line out of workspace.toml."
        ) from None
