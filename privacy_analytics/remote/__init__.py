"""A session's end of the wire to a curator of another OS user or host, which somebody runs with ``pa serve``.

wire      what goes over it: calls, answers, refusals
sockets   a Unix socket on this machine
web       HTTP, with TLS and a token
"""

from __future__ import annotations

import os

from privacy_analytics.remote.sockets import SCHEME, SocketCurator
from privacy_analytics.remote.web import TOKEN, HttpCurator

__all__ = ["HttpCurator", "SocketCurator", "reached"]


def reached(address: str) -> SocketCurator | HttpCurator | None:
    """The curator at ``unix://…`` or ``https://…``, with the token in $PRIVACY_ANALYTICS_TOKEN; None for a folder.

    Raises SettingsError where an address or its token cannot be used.
    """
    if address.startswith(SCHEME):
        return SocketCurator(address)
    if address.startswith(("https://", "http://")):
        return HttpCurator(address, os.environ.get(TOKEN, ""))
    return None
