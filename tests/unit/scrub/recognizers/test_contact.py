"""E-mail, phone and profile links, in the ways people write them."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from privacy_analytics.scrub.recognizers import ChatRecognizer
from privacy_analytics.scrub.recognizers.contact import ContactRecognizer

Mask = Callable[[ChatRecognizer, str], str]
CONTACT = ContactRecognizer()

FOUND = {
    "EMAIL": r"""
my mail is «jane dot doe at gmail dot com» thanks
«jane(at)site.io»
«jane [at] site [dot] com»
«jane {at} site {dot} com»
«jane<at>site.com»
«jane AT posteo DOT de»
«jane_at_gmail.com»
reach me «jane at gmail.com»
«jane.doe @ gmail.com»
«jane.doe@ gmail.com»
«jane.doe @gmail.com»
«jane.doe@gmail .com»
«jane.doe@gmail. com» works
«jane@gmail,com»
«jane.doe@gmai1.c0m»
«jane.doe@gmail.c0m»
«jane.d0e@0utlook.com»
«jane.doe(a)gmail.com»
«jane.doe(o)gmail.com»
«jane.doe©gmail.com»
«jane underscore doe at yahoo dot co dot uk»
«jane dash doe at web dot de»
«jane at sign gmail dot com»
«jane.doe at studio-nord dot com»
«jane AT studio-nord DOT com»
«jane (at) studio-nord (dot) com»
«jane-at-gmail-dot-com»
«jane [@] gmail [.] com»
mailto:«jane@site.io»
"email": "«jane@site.io»"
<«jane@site.io»>
«meena.pay@okbank»
my email is «rajvishnu 12 gmailcom»
«juliannahoovergmailcom»
my email is «kate.lowe gmail com»
email «janedoe gmail.com»
«j.doe+bands@mail.band-site.co.uk»,«x_y@x.de»
«JANE.DOE@GMAIL.COM»
«ärger@müller.de»
«jane@site.io».
«"jane doe"@site.io»
«o'neil@site.ie»
«jane.doe@xn--mller-kva.de»
«jane.doe @ gmail . com»
«jane . doe @ gmail . com»
«jane.doe@gmail dot com»
«jane.doe at gmail,com»
«jane.doe[at]gmail.com»
«jane.doe[@]gmail.com»
«jane.doe&#64;gmail.com»
«jane.doe@gmaiI.com»
«jane.doe@gmail.corn»
""",
    "PHONE": r"""
«00 44 20 7946 0958»
«0044 20 7946 0958»
«(0)151 2345 6789»
«+49 (0)151 23456789»
«+49-151-2345-6789»
«+49 151 / 234 567 89»
«0151/23456789»
«0151-23456789»
«030/1234567»
«030 1234567»
call «555-0132»
call «555 0132»
my cell is «555-0132»
its «555-0132» if you wanna call
our landline «7946 0958»
here's my number «867-5309»
text «5550132»
«(415)555-0132»
«415-555-0132»
«415/555-0132»
«1-415-555-0132»
«1 (415) 555-0132»
«+1.415.555.0132»
«+14155550132»
«415-555-O132»
«4l5-555-0l32»
«(4I5) 555-0l32»
«+1 (4l5) 555-O132»
«+l (415) 555-0132»
«415 555 0132»
«4155550132»
«+91 98765 43210»
«98765 43210»
«+33 6 12 34 56 78»
«06.12.34.56.78»
«06-12-34-56-78»
«0612345678»
«+61 412 345 678»
«0412 345 678»
«+81 90-1234-5678»
«090-1234-5678»
«+55 11 91234-5678»
«(11) 91234-5678»
«+7 (495) 123-45-67»
«8 (495) 123-45-67»
«+353 87 123 4567»
«087 123 4567»
«(020) 7946 0958»
«(0151) 234 5678»
«07700 900123»
«07700900123»
«+44 7700 900123»
«+447700900123»
«0 7700 900 123»
«0043 660 1234567»
«+1-415-555-0132 x204»
«415-555-0132 ext. 22»
«(415) 555-0132 ext 7»
whatsapp «+34 612 34 56 78»
tel: «0612 345 678»
phone=«4155550132»
"phone": "«(415) 555-0132»"
phone_number: «415.555.0132»
tel:«0791112345»
«+420 601 123 456»
«+45 12 34 56 78»
«+46 70-123 45 67»
«+1 (614) 555-0143»
«001-415-555-0132»
«001-415-555-0132x884»
«+1-415-555-0132x88421»
«(415)555-0132x884»
«555.555.0132»
mob «9876543210»
contact number «968 745 1256»
«nine one seven five five five oh one three two»
my number is «four one five five five five zero one three two»
hit me up at «867 5309»
fax «030 / 123 45 67»
«+49 (151) 2345 6789»
«0151 2345 6789»
«(555) 0132-4455»
«+1 415 555 O132»
«212 5550198»
«91 9876543210»
«1 9515422469»
""",
    "URL": r"""
«soundcloud.com/janebeats»
«https://www.instagram.com/jane»
«instagram.com/jane.doe/»
«janedoe.bandcamp.com»
«https://open.spotify.com/user/31abcdef»
«youtube.com/@janebeats»
«https://www.youtube.com/c/JaneBeats»
«https://www.facebook.com/profile.php?id=100009»
«linkedin.com/in/jane-doe-123»
«https://github.com/janedoe»
«twitter.com/janebeats»
«x.com/janebeats»
«https://t.me/janebeats»
«discord.gg/aB3xYz»
«https://beacons.ai/janebeats»
«linktr.ee/janebeats»
«tiktok.com/@jane.beats»
«twitch.tv/janebeats»
«https://www.twitch.tv/janebeats»
«soundcloud.app.goo.gl/abc»
«on.soundcloud.com/aB3xYz»
«https://on.soundcloud.com/aB3xYz»
«vm.tiktok.com/ZMabc/»
«https://drive.google.com/file/d/1AbC/view»
«https://www.dropbox.com/s/abc/x.wav»
«gofile.io/d/abc»
«https://splice.com/janebeats»
«paypal.me/janedoe»
«cash.app/$janedoe»
«venmo.com/u/jane»
«ko-fi.com/jane»
«https://www.reddit.com/user/janebeats»
«last.fm/user/jane»
«https://audius.co/jane»
«hearthis.at/jane»
«soundclick.com/jane»
«mixcloud.com/jane»
«vk.com/jane»
«keybase.io/jane»
«mastodon.social/@jane»
""",
}

LEFT = r"""
look at dot com | meet at spotify.com | sign up at gmail.com | i use gmail.com | gmail.com is down
got it @ loopmasters.com | meet @ 5pm | C@120
phone eq 300 3000 | signal flow 1-2-3-4-5-6-7 | 1700650800 | 2023110412 | call of duty 4 | 100 200 300 400 500
0.70710678118 | 2020-2021-2022 | one two three four five six seven eight nine ten | 9876543210 bytes
1200000000 streams
youtube.com/watch?v=dQw4w9WgXcQ | soundcloud.com | https://splice.com/sounds | github.com/search
reddit.com/r/edmproduction/x
"""


def test_what_is_marked_is_masked_and_nothing_else(found: tuple[str, str], mask: Mask) -> None:
    kind, line = found
    assert mask(CONTACT, line.replace("«", "").replace("»", "")) == re.sub("«.*?»", f"<{kind}>", line)


def test_gear_talk_is_left_alone(left: str, mask: Mask) -> None:
    assert mask(CONTACT, left) == left


@pytest.mark.parametrize("text", ["4155550132", "415 555 0132", "968745612363"])
def test_a_phone_number_may_be_the_whole_message(text: str, mask: Mask) -> None:
    assert mask(CONTACT, text) == "<PHONE>"
