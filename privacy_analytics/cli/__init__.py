"""``privacy-analytics``, short ``pa``: parse, call, print. Errors become a sentence and an exit code.

Exit codes: 0 ok · 2 usage · 10 settings or policy · 20 contract, no such month or account · 30 budget · 40 gate ·
50 notebook · 75 try later.
"""

from __future__ import annotations

import os
import sys

import click

from privacy_analytics.cli.lazy import LazyGroup
from privacy_analytics.cli.logs import set_up
from privacy_analytics.cli.telling import LOG, shown, told

COMMANDS = {
    "init": "workspace",
    "doctor": "workspace",
    "lab": "workspace",
    "upgrade": "upgrade",
    "anchor": "anchor",
    "backup": "backup",
    "metrics": "metrics",
    "demo": "demo",
    "ingest": "ingest",
    "snapshot": "ingest",
    "scrub": "scrub",
    "run": "report",
    "runs": "runs",
    "gate": "report",
    "publish": "report",
    "stats": "stats",
    "budget": "budget",
    "account": "account",
    "policy": "policy",
    "audit": "audit",
    "keys": "keys",
    "serve": "serve",
    "token": "tokens",
}
"""Each command with the module of this package that holds it."""


@click.group(
    cls=LazyGroup, package=__name__, modules=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="privacy-analytics")
def cli() -> None:
    """Anonymous statistics from chat and telemetry data: scrub, release, report, publish."""


def main() -> None:
    """Run the command line. What is not an error of ours is told by its type and place, never by its text."""
    os.umask(0o077)  # whatever is written is private until it is published
    try:
        set_up()
        cli(prog_name="pa", standalone_mode=False)
    except click.ClickException as error:
        LOG.error("%s", shown(error))
        sys.exit(error.exit_code)
    except click.Abort:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001  # its text may quote a row
        sys.exit(told(error))
