"""An error as a sentence on standard error, and its exit code."""

from __future__ import annotations

import traceback

import click

from privacy_analytics.errors import PrivacyAnalyticsError


def told(error: Exception) -> int:
    """Say what may be said: of an error that is not ours its type and its places, for its text may quote a row."""
    if isinstance(error, PrivacyAnalyticsError):
        click.echo(f"pa: {error}", err=True)
        return error.exit_code
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    click.echo(
        f"pa: unexpected {type(error).__name__}. This is a fault of ours; please report it with these places:",
        err=True,
    )
    click.echo("\n".join(f"  {place}" for place in places[-6:]), err=True)
    return 1
