"""Scrubbing where Spark's workers are: Arrow batches in, the same batches with one column of texts masked out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from privacy_analytics.scrub import Scrubber


def scrubbed(batches: Iterable[pa.RecordBatch], column: str) -> Iterator[pa.RecordBatch]:
    """Rows as they come, their texts masked; a missing text stays missing, one that fails is ``<SCRUB_FAILED>``."""
    for batch in batches:
        at = batch.schema.get_field_index(column)
        texts = batch.column(at)
        masked = iter(_scrubber().scrub([text for text in texts.to_pylist() if text is not None]))
        kept = [next(masked).text if text.is_valid else None for text in texts]
        yield batch.set_column(at, batch.schema.field(at), pa.array(kept, texts.type))


@cache
def _scrubber() -> Scrubber:
    """One a process: its model is loaded once."""
    from privacy_analytics.scrub import Scrubber

    return Scrubber()
