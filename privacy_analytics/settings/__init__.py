"""``workspace.toml`` as one frozen value; what is missing, unknown or impossible is refused with the fix."""

from privacy_analytics.settings.operating import Notify, Operating, Schedule, Spark, Tls
from privacy_analytics.settings.reading import read
from privacy_analytics.settings.values import (
    FILE,
    FORMAT,
    NOTICE_DAYS,
    PURPOSES,
    TABLES,
    DeclaredColumn,
    Floors,
    Loss,
    PolicyVersion,
    Recipient,
    Settings,
    read_keys,
)

__all__ = [
    "FILE",
    "FORMAT",
    "NOTICE_DAYS",
    "PURPOSES",
    "TABLES",
    "DeclaredColumn",
    "Floors",
    "Loss",
    "Notify",
    "Operating",
    "PolicyVersion",
    "Recipient",
    "Schedule",
    "Settings",
    "Spark",
    "Tls",
    "read",
    "read_keys",
]
