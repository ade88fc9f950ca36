"""The name of whoever signs: approves, grants, rotates a key, enters a request."""

from __future__ import annotations

import re
import unicodedata

from privacy_analytics.errors import UsageError

_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|[ .,'’&()/-]){0,79}")


def named(by: str) -> str:
    """A name that may stand on a page and in a record.

    Raises UsageError for an address, a number, markup or an invisible character.
    """
    name = unicodedata.normalize("NFC", by.strip())
    if not _NAME.fullmatch(name):
        raise UsageError("Somebody signs by name: letters, spaces and . , ' - ( ) & /, at most 80. No address.")
    return name
