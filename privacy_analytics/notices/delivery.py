"""A notice on its way: over SMTP, or to a program's standard input. Neither has an answer that matters to a run."""

from __future__ import annotations

import smtplib
import ssl
import subprocess
from collections.abc import Sequence
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal
from urllib.parse import urlsplit

from privacy_analytics.errors import SettingsError
from privacy_analytics.notices.message import Notice
from privacy_analytics.settings import Notify, Settings

Way = Literal["mail", "command"]
_SECONDS = 30


class Undelivered(Exception):
    """Why a notice did not get away, in words that quote nobody: the kind of an error, or an exit code."""


def ways(notify: Notify, notice: Notice) -> list[Way]:
    """How a notice goes out, by the settings of today."""
    success = notice.about == "success"
    found: list[Way] = ["mail"] if (notify.success if success else notify.failure) else []
    return [*found, "command"] if (notify.success_command if success else notify.failure_command) else found


def deliver(settings: Settings, notice: Notice, way: Way) -> None:
    """Raise Undelivered where it does not get away."""
    notify, success = settings.operating.notify, notice.about == "success"
    try:
        if way == "mail":
            _mail(settings, notice, notify.success if success else notify.failure)
        else:
            _call(notify.success_command if success else notify.failure_command, notice)
    except subprocess.TimeoutExpired:
        raise Undelivered(f"no end after {_SECONDS} s") from None
    except (SettingsError, Undelivered) as error:
        raise Undelivered(str(error)) from None
    except Exception as error:  # noqa: BLE001  # a run is what it is, whatever a server or a program does
        raise Undelivered(type(error).__name__) from None


def _mail(settings: Settings, notice: Notice, to: Sequence[str]) -> None:
    """Encrypted where the server offers it; a password goes over a verified connection or not at all.

    Without a password a certificate is not asked for (opportunistic TLS, RFC 7435): a mail server on the same machine
    has one of its own making, and would else get the mail in the clear.
    """
    server = urlsplit(settings.operating.notify.smtp)
    host, port = server.hostname or "", server.port or (465 if server.scheme == "smtps" else 25)
    tls = ssl.create_default_context()
    if not server.username:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    with (
        smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=tls)
        if server.scheme == "smtps"
        else smtplib.SMTP(host, port, timeout=_SECONDS)
    ) as smtp:
        smtp.ehlo()
        encrypted = server.scheme == "smtps"
        if not encrypted and smtp.has_extn("starttls"):
            smtp.starttls(context=tls)
            smtp.ehlo()
            encrypted = True
        if server.username:
            if not encrypted:
                raise SettingsError("the server offers no TLS, and a password is not sent without; use smtps://")
            smtp.login(server.username, _password(settings))
        smtp.send_message(_message(settings.operating.notify.sender, to, notice))


def _message(sender: str, to: Sequence[str], notice: Notice) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ", ".join(to), notice.subject
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{notice.id}.{notice.about}@{sender.partition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message.set_content(notice.text)
    return message


def _password(settings: Settings) -> str:
    file = settings.path("private", "smtp_password")
    if not file.is_file():
        raise SettingsError("private/smtp_password is missing")
    if file.stat().st_mode & 0o077:
        raise SettingsError("private/smtp_password can be read by others; run: chmod 600 private/smtp_password")
    return file.read_text(encoding="utf-8").strip()


def _call(command: Sequence[str], notice: Notice) -> None:
    done = subprocess.run(  # noqa: S603  # the operator's own, from workspace.toml
        command,
        input=f"{notice.subject}\n\n{notice.text}",
        text=True,
        timeout=_SECONDS,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise Undelivered(f"exit {done.returncode}")
