"""Passwords, keys and tokens, licence keys. None of them opens anything: made up, or from vendors' documentation."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from privacy_analytics.scrub.recognizers import ChatRecognizer
from privacy_analytics.scrub.recognizers.secrets import SecretRecognizer

Mask = Callable[[ChatRecognizer, str], str]
SECRETS = SecretRecognizer()

FOUND = {
    "PASSWORD": r"""
my password is «abc»
password: «x1»
password: «123»
pw: «ab1»
pwd «hunter22»
pass: «hunter22»
pass is «hunter2»
password = «hunter2»
passwort: «geheim99»
my pw «hunter22»
the password was '«KnightRider!»'
password "«a b c»"
password is "«correct horse battery staple»"
passphrase: «correct horse battery staple»
DB_PASS=«s3cr3t»
DB_PASSWORD="«s3cr3t»"
"password": "«s3cr3t»"
'pass': '«s3cr3t»'
--password «s3cr3t»
--password=«s3cr3t»
postgres://«larry:s3cr3t»@db/x
login jane / «Hunter22!»
olga.tamm@wavefold.com / «Sn0wfall!31»
jane@x.io:«hunter22»
user jane pass «hunter2»
user: jane pass: «hunter2»
wifi password is «koalabear»
wifi pw: «koalabear77»
pin «4821»
pin: «4821»
my pin's «4821»
pin code is «4821»
2fa code «482133»
otp is «482133»
verification code: «482133»
security code «482»
code «482133» to log in
my code is «482133»
password reset to «Summer24!»
new password «Summer24!»
new pw is «Summer24!»
temp password «Xy7-abc»
password is now «Summer24!»
IDENTIFIED BY '«s3cr3t»'
passcode «4821»
passcode is «sunshine»
pswd: «sunshine»
passwd=«sunshine»
pass=«sunshine»
SMTP_PASS: «sunshine»
root_password: «toor»
with password «TempGov2023!»
using «hunter22» as password
«hunter22» is my password
password (case sensitive): «HunTer22»
password -> «hunter2»
""",
    "API_KEY": r"""
«AKIAIOSFODNN7EXAMPLE»
aws_secret_access_key = «wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»
«ghp_abcdefghijklmnopqrstuvwxyz0123456789»
«github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789abcdef»
«xoxb-123456789012-abcdefABCDEF123456»
«sk_live_9f3ac1d2e4»
«pk_test_TYooMQauvdEDq54NiTphI7jx»
«sk-proj-abcdef1234567890abcdEFGH»
«sk-abcdef1234567890abcdEFGH1234567890»
«sk-ant-api03-abcDEF123_456-ghiJKL789»
«AIzaSyD-abcdefghijklmnopqrstuvwxyz12345»
«glpat-abcDEF123456ghiJKL78»
«hf_abcdefghijklmnopqrstuvwxyzABCD»
«SG.abcdefghijklmnop.qrstuvwxyz0123456789»
«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-_123»
«npm_abcdefghijklmnopqrstuvwxyz0123456789»
«dop_v1_0123456789abcdef0123456789abcdef»
token: «9f3ac188b7»
token=«abcDEF123456»
api key is «9f3ac188b7d1»
api_key: "«9f3ac188b7d1»"
apiKey='«9f3ac188b7d1»'
API_KEY=«9f3ac188b7d1»
x-api-key: «9f3ac188b7d1»
Authorization: Bearer «9f3ac188b7d1»
Authorization: Basic «amFuZTpodW50ZXIy»
client_secret=«9f3ac188b7d1»
?token=«9f3ac188b7d1»&x=1
?access_token=«9f3ac188b7d1»
?sig=«9f3ac188b7d1%2Fabc»
session=«9f3ac188b7d1»
sessionid=«9f3ac188b7d1abc»
cookie: sid=«9f3ac188b7d1abc»
«9f86d081884c7d659a2feaa0c55ad015»
«Zk3vQ9pL2xW8rT5nB7mC4dF1gH6jK0s»
«aG9uZXkgYmFkZ2VyIGRvbid0IGNhcmUgMTIz»
secret «9f3ac188b7d1»
webhook https://discord.com/api/webhooks/«123456789012345678/abcDEF-123_xyz»
https://hooks.slack.com/services/«T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX»
ssh-rsa «AAAAB3NzaC1yc2EAAAADAQABAAABgQC7» jane@mac
ssh-ed25519 «AAAAC3NzaC1lZDI1NTE5AAAAIJ2x»
«r8_abcDEF123456ghiJKL789mnoPQR012»
«key-3ax6xnjp29jd6fds4gc373sgvjxteol0»
«EAACEdEose0cBA1234567890abcdef»
«1234567890:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw»
«MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs»
""",
    "LICENSE_KEY": r"""
«AB12-CD34-EF56-GH78»
«ab12-cd34-ef56-gh78»
«A1B2C-3D4E5-F6G7H-8I9J0-K1L2M»
«12345-67890-12345-67890»
«XXXX-7H2K-99QP»
«XFER-2K9D-88QP-LM3N»
serial: «ABCD-1234-EFGH»
serial «abcd 1234 efgh 5678»
serial number «SN-2024-88213»
serial number is «C02XK0ABJG5H»
s/n «C02XK0ABJG5H»
S/N: «F5KD9AB2»
sn: «98213-AB»
licence key «QWERTYUIOP»
license key: «7GH2K99QPLM3NX»
license «7gh2-k99q»
license code «882134-XY»
activation code «8821-3419-2210»
activation code is «MFRGGZDFMZTWQ2LK»
ilok activation code «1234-5678-9012-3456-7890-1234-5678-90»
ilok code «882134»
redeem code «SPLICE-99XK-22»
voucher «KOMPLETE-99XK22»
unlock code «8F3A9C»
product key «VK7JG-NPHTM-C97JM-9MPGT-3V66T»
registration code «99120421»
reg code «99120-421AB»
«VK7JG-NPHTM-C97JM-9MPGT-3V66T»
code: «7GH2-K99Q»
authorization code «8F3A9C11»
auth code «8F3A9C11»
challenge code «8F3A-9C11»
response code is «99120421331»
«MFRGG-ZDFMZ-TWQ2L-KNNWG»
«7GH2 K99Q PLM3 X22Z»
dongle id «8213-4412»
ilok id «8F3A9C11D0»
""",
}

LEFT = r"""
the password is wrong | password reset link | "password": "********" | password=null | my password is expired
high pass 120hz | render pass 3 of 4 | 2nd pass is cool | pin 3 of the xlr | password: <PASSWORD>
the key is 120 | key: F#m | token expired | session_12_final | 0x00007fff5fbff8c0
_ZN17MultiplexerSource7performEv + 221 | NativeInstrumentsMassiveX2Library
arm64 <9f86d081884c7d659a2feaa0c55ad015> /usr/lib
DRUM-BUS-A1-B2 | KICK-01-02-03 | C4-E4-G4-B4 | VERSE-CHORUS-VERSE-CHORUS | 1000-2000-4000-8000
2023-11-21T12:34:56Z | license expired | serial compression | unlock the 12db filter | error code 1603
"""


def test_what_is_marked_is_masked_and_nothing_else(found: tuple[str, str], mask: Mask) -> None:
    kind, line = found
    assert mask(SECRETS, line.replace("«", "").replace("»", "")) == re.sub("«.*?»", f"<{kind}>", line)


def test_gear_talk_is_left_alone(left: str, mask: Mask) -> None:
    assert mask(SECRETS, left) == left


@pytest.mark.parametrize("end", ["\n-----END RSA PRIVATE KEY-----", ""], ids=["whole", "cut off"])
def test_a_private_key_is_masked_to_its_end(end: str, mask: Mask) -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEAabcdefghijklmnopqrstuvwxyz0123456789\n" * 3
    assert mask(SECRETS, f"here: {key.strip()}{end}") == "here: <API_KEY>"
