"""An independent witness: opens every file of a folder and finds what must not be in it.

It shares no line with what it checks: it imports nothing else of this package.
"""

from privacy_analytics.witness.searching import LIMIT, UNREADABLE, Hit, find

__all__ = ["LIMIT", "UNREADABLE", "Hit", "find"]
