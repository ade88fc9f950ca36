"""The closed lists of marketing: what a statistic can be taken away as, and why it may be recalled."""

from __future__ import annotations

KINDS = ("csv", "json", "svg", "png")
REASONS = {
    "wrong_question": "it answers another question than it seems to",
    "misleading": "it was read as saying more than it does",
    "superseded": "a better number has taken its place",
    "faulty": "a fault was found in how it was made",
    "expired_early": "it describes the product no longer",
    "withdrawn_by_officer": "the privacy officer withdrew it",
}
"""With the words that stand on the site. Never one person: no number depends noticeably on any one account."""
LONGEST = 24
"""Months that an approval holds at most; half of it is the default."""
