"""An error as a sentence on standard error, and its exit code."""

from __future__ import annotations

import io
import logging

import click

from privacy_analytics.cli.logs import places
from privacy_analytics.errors import PrivacyAnalyticsError

LOG = logging.getLogger(__name__)


def told(error: Exception) -> int:
    """Say what may be said: of an error that is not ours its type and its places, for its text may quote a row."""
    if isinstance(error, PrivacyAnalyticsError):
        LOG.error("pa: %s", error)
        return error.exit_code
    said = f"pa: unexpected {type(error).__name__}. This is a fault of ours; please report it with these places:"
    LOG.error("%s", "\n  ".join([said, *places(error)]))
    return 1


def shown(error: click.ClickException) -> str:
    """What click says of a call that cannot be: how it is called, and what is wrong."""
    page = io.StringIO()
    error.show(page)
    return page.getvalue().rstrip()
