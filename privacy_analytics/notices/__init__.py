"""Who is told of scheduled runs: by mail or by a command, success and failure each to their own people."""

from privacy_analytics.notices.outbox import notify

__all__ = ["notify"]
