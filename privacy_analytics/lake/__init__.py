"""The lake: one Delta table a contract table, visible batch by batch."""

from privacy_analytics.lake.columns import ALWAYS, HELD, IDENTITIES, MARKS, SUBJECTS, schemas
from privacy_analytics.lake.files import private_files, write_private
from privacy_analytics.lake.rewriting import Rewritten, rewrite
from privacy_analytics.lake.store import Lake, new_batch

__all__ = [
    "ALWAYS",
    "HELD",
    "IDENTITIES",
    "MARKS",
    "SUBJECTS",
    "Lake",
    "Rewritten",
    "new_batch",
    "private_files",
    "rewrite",
    "schemas",
    "write_private",
]
