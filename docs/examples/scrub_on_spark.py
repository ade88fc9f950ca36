"""Scrub a column of texts on Spark: the same ``Scrubber`` as at ingest, one in each worker process.

    python docs/examples/scrub_on_spark.py IN.parquet OUT.parquet [--column content] [--master local[*]]

Every row comes back with its text masked; a text that cannot be scrubbed is masked as a whole, other columns stay as
they are. No text is in an error or a log. Workers need this package and both paths; Spark needs Java 17.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial

from privacy_analytics.engines.cluster import session, unheard
from privacy_analytics.engines.scrubbing import scrubbed
from privacy_analytics.errors import PrivacyAnalyticsError
from privacy_analytics.settings import Spark


def main(source: str, target: str, column: str, master: str) -> None:
    spark = session(Spark(master), "UTC")
    try:
        rows = spark.read.parquet(source)
        with unheard():
            rows.mapInArrow(partial(scrubbed, column=column), rows.schema).write.parquet(target)
    except Exception as error:  # noqa: BLE001  # Spark's own words quote rows
        sys.exit(f"Not scrubbed ({type(error).__name__}). IN must have the column, and OUT must not be there yet.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Scrub a column of texts on Spark.")
    parser.add_argument("source", metavar="IN")
    parser.add_argument("target", metavar="OUT")
    parser.add_argument("--column", default="content")
    parser.add_argument("--master", default="local[*]")
    given = parser.parse_args()
    try:
        main(given.source, given.target, given.column, given.master)
    except PrivacyAnalyticsError as refused:
        sys.exit(str(refused))
