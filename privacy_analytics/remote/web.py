"""A curator behind HTTP: a token says who asks, TLS who answers."""

from __future__ import annotations

import json
import weakref
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from privacy_analytics.errors import PrivacyAnalyticsError, SettingsError, TryLater, UsageError
from privacy_analytics.remote.wire import LIMIT, TOO_LONG, WENT_AWAY, Json, understood

if TYPE_CHECKING:
    import httpx

TOKEN = "PRIVACY_ANALYTICS_TOKEN"  # noqa: S105  # the name of a variable
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_CONNECT_SECONDS = 10
_ANSWER_SECONDS = 1_800
"""Longer than a curator lets a call wait and work; for a host that has vanished."""
_NO_ADDRESS = "A curator's address is https://HOST or https://HOST:PORT, and nothing more."
_BUSY = (429, 502, 503, 504)


class HttpCurator:
    """Passes the five calls on to a curator behind HTTP; what it refuses is raised here as it was there.

    Parameters
    ----------
    address : ``https://HOST[:PORT]``; ``http://`` on this machine alone
    token : as ``pa token add`` printed it
    ca : PEM file of the authority that signed the curator's certificate; else those that this machine trusts

    Raises
    ------
    SettingsError
        an address or a token that cannot be one, a file that is no certificate
    """

    def __init__(self, address: str, token: str, *, ca: str | Path | None = None) -> None:
        self._address, self._ca = _checked(address), ca
        if not token or not token.isascii() or not token.isprintable():
            raise SettingsError(f"There is no token to ask with. Set ${TOKEN} to the one that the operator gave you.")
        self._token = token

    def call(self, name: str, request: Mapping[str, Any], /) -> Json:
        """Answer one of the five calls.

        Raises
        ------
        TryLater
            no curator listens there, it is too busy, or it went away
        SettingsError
            its certificate is not trusted, or it does not know the token
        PrivacyAnalyticsError
            whatever the curator refused, by its own class
        """
        import httpx

        body = json.dumps(dict(request)).encode()
        if len(body) > LIMIT:
            raise UsageError(TOO_LONG)
        try:
            reply = self._client.post(f"/v1/{name}", content=body, headers={"Content-Type": "application/json"})
        except httpx.ConnectError as error:
            raise self._unreached(error) from None
        except httpx.TimeoutException:
            raise TryLater(f"The curator at {self._address} did not answer in time. Ask again later.") from None
        except httpx.HTTPError:
            raise TryLater(WENT_AWAY) from None
        try:
            return understood(reply.content)
        except PrivacyAnalyticsError as error:
            if type(error) is PrivacyAnalyticsError and reply.status_code in _BUSY:  # a proxy's words, not a curator's
                raise TryLater(f"The curator at {self._address} cannot be reached just now. Ask again later.") from None
            raise

    @cached_property
    def _client(self) -> httpx.Client:
        import ssl  # which needs a library of its own, as httpx does

        import httpx

        try:
            trusted = ssl.create_default_context(cafile=self._ca)
        except OSError:
            raise SettingsError("`ca` is no file of certificates in PEM form. Ask the operator for it.") from None
        client = httpx.Client(
            base_url=self._address,
            headers={"Authorization": f"Bearer {self._token}"},
            verify=trusted,
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS),
            trust_env=False,  # no proxy that nobody named here is told the token
        )
        weakref.finalize(self, client.close)
        return client

    def _unreached(self, error: Exception) -> PrivacyAnalyticsError:
        import ssl

        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if cause is not None:
            return SettingsError(
                f"The certificate of {self._address} is not trusted here. Ask the operator for the authority's file, "
                "and name it: ca=FILE, or $SSL_CERT_FILE."
            )
        return TryLater(
            f"No curator answers at {self._address}. Check the address, or ask the operator to start it with "
            "`pa serve --http`."
        )


def _checked(address: str) -> str:
    """Scheme, host and port, and nothing else."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise SettingsError(_NO_ADDRESS) from None
    if not host or parts.scheme not in ("https", "http") or parts.username or parts.path.strip("/"):
        raise SettingsError(_NO_ADDRESS)
    if parts.scheme == "http" and host not in LOOPBACK:
        raise SettingsError("Over http:// anybody between could read the token. Name the curator with https://.")
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
