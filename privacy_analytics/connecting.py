"""A session with a curator behind HTTP."""

from __future__ import annotations

from pathlib import Path

from privacy_analytics.remote import HttpCurator
from privacy_analytics.session import Session


def connect(
    url: str,
    token: str,
    month: str = "",
    purpose: str = "exploration",
    report: str = "",
    ca: str | Path | None = None,
) -> Session:
    """Open a session with the curator that somebody runs with ``pa serve --http``: the same as ``open_session`` gives.

    Parameters
    ----------
    url : ``https://HOST[:PORT]``; ``http://`` only on this machine
    token : as the operator gave it to you; better out of sight: ``os.environ["PRIVACY_ANALYTICS_TOKEN"]``
    month, purpose, report : as for ``open_session``
    ca : PEM file of the authority that signed the curator's certificate, where this machine does not trust it already

    Raises
    ------
    SettingsError
        no such address, a certificate that is not trusted, a token that is unknown, expired or revoked
    PolicyError
        the token's role may not ask for that purpose
    NotFound
        no data of that month
    TryLater
        no curator listens there, or it is too busy
    """
    return Session(HttpCurator(url, token, ca=ca), month=month, purpose=purpose, report=report)
