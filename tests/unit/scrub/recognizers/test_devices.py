"""Addresses and names of machines."""

from __future__ import annotations

import re
from collections.abc import Callable

from privacy_analytics.scrub.recognizers import ChatRecognizer
from privacy_analytics.scrub.recognizers.devices import DeviceRecognizer

Mask = Callable[[ChatRecognizer, str], str]
DEVICES = DeviceRecognizer()

FOUND = {
    "DEVICE_ID": r"""
«550e8400-e29b-41d4-a716-446655440000»
{«550e8400-e29b-41d4-a716-446655440000»}
device id «8f3a9c11d0»
device id: «8F3A-9C11»
machine id «8f3a9c11d0»
hardware id is «HW-8F3A9C11»
hwid: «8F3A9C11D0»
udid «00008030-001A2D3E0C88802E»
imei «490154203237518»
android id «9774d56d682e549c»
install id «8f3a9c11d0»
crash report id «8f3a9c11»
session id «8f3a9c11d0»
computer id «8F3A9C11»
"device_id": "«8f3a9c11d0»"
deviceId=«8f3a9c11d0»
MachineGuid «550e8400-e29b-41d4-a716-446655440000»
""",
    "MAC": r"""
«00:1A:2B:3C:4D:5E»
«00-1a-2b-3c-4d-5e»
«001a.2b3c.4d5e»
mac address «001A2B3C4D5E»
mac: «001a2b3c4d5e»
HWaddr «00:1a:2b:3c:4d:5e»
""",
    "IP": r"""
«192.168.178.20»
«10.0.0.4»
«8.8.8.8»:53
http://«192.168.0.12»:8080/x
ip is «203.0.113.7»
«2001:db8::8a2e:370:7334»
«2001:0db8:85a3:0000:0000:8a2e:0370:7334»
«fe80::1ff:fe23:4567:890a»
[«2001:db8::1»]:443
«::ffff:192.0.2.128»
«192[.]168[.]178[.]20»
«192.168.l78.2O»
«192 . 168 . 178 . 20»
«192 .168 .178 .20»
""",
    "HOSTNAME": r"""
«janes-macbook-pro.local»
«Janes-MBP»
«Janes-MBP-2»
«jane-pc»
«JANE-PC»
«janes-imac»
«DESKTOP-4F9K2LM»
«LAPTOP-8JK2LM3P»
«jane-thinkpad»
«janes-macbook-air-2.local»
hostname: «studio-jane»
hostname=«jdoe01»
host: «jane-studio-nas»
computer name «JANE-STUDIO»
on host «jane-studio»
«janes-macbook-pro»:~ jane$
\\«janes-nas»\share
«macbook-von-jane.fritz.box»
«macbook-pro-de-jane.local»
«jane-desktop»
machine name is «JANE-STUDIO-1»
device name: «Jane-iPhone»
«Janes-iPhone»
«iPhone-von-Jane»
""",
}

LEFT = r"""
127.0.0.1:8080 | 0.0.0.0 | version 11.3.20.4 | v10.15.7.1 | 1.1.1.1 to 9.1.1.1 | 7.1.4 atmos | ::1 | a::b
std::vector<int> | 01:02:03:04
on-air | wet-air | mac-mini | my-macbook-pro | old-pc | this.local | threading.local | hostname please
host is down | session 12 | F0 7E 7F 06 01 F7 | device is 44100
"""


def test_what_is_marked_is_masked_and_nothing_else(found: tuple[str, str], mask: Mask) -> None:
    kind, line = found
    assert mask(DEVICES, line.replace("«", "").replace("»", "")) == re.sub("«.*?»", f"<{kind}>", line)


def test_gear_talk_is_left_alone(left: str, mask: Mask) -> None:
    assert mask(DEVICES, left) == left
