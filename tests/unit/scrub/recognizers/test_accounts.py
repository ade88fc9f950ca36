"""Handles, logins and home folders, in chats, settings, shells and logs."""

from __future__ import annotations

import re
from collections.abc import Callable

from privacy_analytics.scrub.recognizers import ChatRecognizer
from privacy_analytics.scrub.recognizers.accounts import AccountRecognizer

Mask = Callable[[ChatRecognizer, str], str]
ACCOUNTS = AccountRecognizer()

FOUND = {
    "HANDLE": r"""
«@janebeats»
«@jane.beats»
«@jane_beats»,
(«@90sjane»)
add me on discord: «jane#1234»
discord «jane#1234»
my discord is «jane.beats#0001»
«Jane Beats#1234»
ig «@jane»
RT «@jane»: x
@«@jane»
/u/«janebeats»
follow «@jane_»
""",
    "USERNAME": r"""
add me on discord: «janebeats»
add me on discord «jane_beats»
discord: «janebeats»
discord - «jane_beats»
ig: «janebeats»
ig «jane.beats»
insta: «janebeats»
insta «jane_beats99»
my ig is «janebeats»
my insta's «janebeats»
find me on soundcloud, «jane_beats»
my soundcloud name is «janebeats»
psn «jane_99»
twitch: «janebeats»
telegram: «janebeats»
snap «jane_b99»
username «jane99»
username: «janebeats»
user name «jane99»
my username's «janebeats»
username is «janebeats»
login «jane99»
login: «janebeats»
login name «jane99»
login is «janebeats»
logged in as «janebeats»
signed in as «janebeats»
account name «jane99»
account name is «janebeats»
user «svc_4406» logged in
user=«jamesvolkov318»
user: «jamesvolkov318»
"user": "«mkowal»"
'user': '«mkowal»'
DB_USER=«jamesvolkov318»
DB_USER: «svc_4406»
db_user = "«mkowal»"
username='«mkowal»'
USER=«mkowal»
LOGNAME=«mkowal»
export USER="«mkowal»"
"userName": "«mkowal»"
"owner": "«jamesvolkov318»"
owner: «larry99»
author=«mkowal»
ssh -l «mkowal» host
sudo -u «mkowal» ls
Accepted password for «mkowal» from
session opened for user «mkowal»
Failed password for invalid user «larry99» from
[«jamesvolkov318»] logged in
User «jamesvolkov318» failed authentication
user_login="«mkowal»"
<user>«mkowal»</user>
<username>«mkowal»</username>
--user «mkowal»
--username=«mkowal»
uid=1000(«mkowal»)
/Users/«jane»/Music/x.als
/Users/«jane doe»/Music/x.als
/users/«jane»/music
/home/«jane»
/home/«jane-doe»/.vst3
~«jane»/x
C:\Users\«Jane»\AppData
C:\Users\«Jane Doe»\AppData
c:\users\«jane doe»\music
C:/Users/«Jane»/x
D:\Users\«Jane»
C:\Documents and Settings\«Jane»\x
\wsl$\Ubuntu\home\«jane»\x
file:///Users/«jane»/x
file:///C:/Users/«Jane%20Doe»/x
/var/mobile/Users/«jane»
/mnt/c/Users/«jane»/x
/Volumes/Macintosh HD/Users/«jane»/x
/media/«jane»/USB
/run/media/«jane»/USB
/Users/«jane»:/x
cd /users/«jane.doe»
DOMAIN\«jane99»
user id «jane99»
nick: «janebeats»
nickname «janebeats99»
gamertag «janebeats99»
screen name: «janebeats»
account: «jane_beats»
account «jane_beats»
my splice account is «janebeats»
ilok user id: «janebeats»
my ilok account is «janebeats99»
the user «jane_b»
member «janebeats99»
credentials: «mkowal»/hunter2
"login": "«mkowal»"
login=«mkowal»
userid=«mkowal»
user-name: «larry99»
user_name: «mkowal»
createdBy: «jamesvolkov318»
client_user: «svc_4406»
run as «svc_4406»
""",
}

LEFT = r"""
/Users/Shared/x | C:\Users\Public\x | C:\Users\<USERNAME>\x | /home page | home/end keys | /home/linuxbrew/bin
user: hi | User: how do i bounce | username is taken | username or password | login page | login is broken
user=none | user-friendly layout | account pop-up
@dataclass | @media | bass @C2 | drop @120bpm | issue#1234 | my discord is broken | instagram is better
discord: cool | mysql://<PASSWORD>@db
"""


def test_what_is_marked_is_masked_and_nothing_else(found: tuple[str, str], mask: Mask) -> None:
    kind, line = found
    assert mask(ACCOUNTS, line.replace("«", "").replace("»", "")) == re.sub("«.*?»", f"<{kind}>", line)


def test_gear_talk_is_left_alone(left: str, mask: Mask) -> None:
    assert mask(ACCOUNTS, left) == left
