"""A real SMTP server in a process of its own; what it gets is a line of JSON a mail in a file.

python mailbox.py PORT FILE [CERTIFICATE KEY] [USER PASSWORD]
"""

import json
import ssl
import sys
import time
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


def write(file, told):
    with Path(file).open("a") as out:
        out.write(json.dumps(told) + "\n")


class Mailbox:
    def __init__(self, file):
        self.file = file

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's name
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "text": envelope.content.decode(),
            "tls": session.ssl is not None,
            "login": session.authenticated,
        }
        write(self.file, told)
        return "250 OK"


def main(port, file, *more):
    certificate = more[:2] if more and "/" in more[0] else None
    login = more[2:] if certificate else more
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH) if certificate else None
    if tls:
        tls.load_cert_chain(*certificate)

    def check(server, session, envelope, mechanism, data):
        write(file, {"asked": data.login.decode(), "tls": session.ssl is not None})
        return AuthResult(success=[data.login.decode(), data.password.decode()] == list(login))

    controller = Controller(
        Mailbox(file), hostname="127.0.0.1", port=int(port), tls_context=tls, authenticator=check,
        auth_required=bool(login), auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    print("ready", flush=True)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
