"""No network at any moment, also on first use: it is refused before anything is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_REFUSED = """
import sys

CALLS = ("connect", "getaddrinfo", "gethostbyname", "gethostbyaddr", "sendto", "sendmsg")
REFUSED = {"socket." + call for call in CALLS}

def refuse(event: str, _: object) -> None:
    if event in REFUSED:
        print("asked for the network")  # should somebody catch the error
        raise OSError("no network")

sys.addaudithook(refuse)
"""
_SCRUB = """
from privacy_analytics.scrub import Scrubber
text = "mail jane@example.co.uk, i am Anna Kowalska, see https://soundcloud.com/janebeats"
(result,) = Scrubber(sys.argv[1]).scrub([text])
print(result.text)
"""
_CALLS = (
    "socket.create_connection(('127.0.0.1', 9), 1)",
    "socket.socket().connect(('127.0.0.1', 9))",
    "socket.getaddrinfo('localhost', 80)",
    "socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))",
)


def _run(code: str, home: Path, *arguments: str) -> str:
    """What the code prints in a fresh process with an empty home, so without any library's cache."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _REFUSED + code, *arguments],
        env={"HOME": str(home), "XDG_CACHE_HOME": str(home), "HF_HOME": str(home), "TLDEXTRACT_CACHE": str(home)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_asking_for_the_network_is_noticed(tmp_path: Path) -> None:
    calls = [f"\ntry:\n    {call}\nexcept OSError:\n    pass\n" for call in _CALLS]
    assert _run("import socket" + "".join(calls), tmp_path) == "asked for the network\n" * len(calls)


@pytest.mark.parametrize("tier", ["fast", "standard"])
def test_the_first_use_of_a_tier_asks_for_no_network_and_keeps_nothing_at_home(tmp_path: Path, tier: str) -> None:
    assert _run(_SCRUB, tmp_path, tier) == "mail <EMAIL>, i am <PERSON>, see <URL>\n"
    assert list(tmp_path.rglob("*")) == []
