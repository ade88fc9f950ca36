"""The privacy policy as data: its text and versions, and what each purpose may read."""

from privacy_analytics.policy.checks import lacks
from privacy_analytics.policy.document import DATASETS, Category, Clause, Document, Purpose, document
from privacy_analytics.policy.purposes import (
    UNRECORDED,
    Reading,
    Rules,
    check_purpose,
    floor,
    population,
    refusal,
    rules,
)
from privacy_analytics.policy.text import diff, of, placeholders, render
from privacy_analytics.policy.versions import in_force, named, ready, record, started

__all__ = [
    "DATASETS",
    "UNRECORDED",
    "Category",
    "Clause",
    "Document",
    "Purpose",
    "Reading",
    "Rules",
    "check_purpose",
    "diff",
    "document",
    "floor",
    "in_force",
    "lacks",
    "named",
    "of",
    "placeholders",
    "population",
    "ready",
    "record",
    "refusal",
    "render",
    "rules",
    "started",
]
