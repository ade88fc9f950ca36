from __future__ import annotations

import pytest

from privacy_analytics.scrub.recognizers.base import Glance
from privacy_analytics.scrub.recognizers.places import PlaceRecognizer
from privacy_analytics.scrub.spans import merged

PLACES = PlaceRecognizer()


def found(text: str) -> list[tuple[str, str]]:
    return [(span.type, text[span.start : span.end]) for span in merged(PLACES.find(Glance.of(text)), text)]


@pytest.mark.parametrize(
    "address",
    [
        "742 Evergreen Road, Springfield, IL 62704",
        "44 bleecker st, apt 3, new york ny 10012",
        "12 Baker's Lane",
        "Hauptstraße 12, 10115 Berlin",
        "Keizersgracht 12, 1015 CN Amsterdam",
        "12 rue de la Paix, 75002 Paris",
        "Calle Mayor 14, 28013 Madrid",
        "Via Roma 12, 00184 Roma",
        "Storgatan 5, 114 55 Stockholm",
        "ul. Marszałkowska 12/4, 00-590 Warszawa",
        "PSC 1234 Box 5678, APO AE 09012",
        "USS Nimitz, FPO AP 96620",
        "PO Box 77",
        "SW1A 1AA",
        "K1A 0B1",
    ],
)
def test_an_address_is_found_whole(address: str) -> None:
    assert ("ADDRESS", address) in found(f"here: {address}")


def test_an_address_over_lines_is_one() -> None:
    text = "Jane Doe\n0815 Nyvangsvej 65\nApt. 27\nHadersvig\nDenmark 29587"
    assert found(text) == [("ADDRESS", text.removeprefix("Jane Doe\n"))]


@pytest.mark.parametrize(
    ("text", "town"),
    [
        ("i live in gdynia", "gdynia"),
        ("i live in san diego now", "san diego"),
        ("based in berlin", "berlin"),
        ("moved from leeds to york", "leeds"),
        ("moved from leeds to york", "york"),
        ("my hometown is Gdańsk", "Gdańsk"),
        ("im Carla Vik from Oosterlaar, customer", "Oosterlaar"),
        ("They came over from Portugal", "Portugal"),
    ],
)
def test_a_town_is_found(text: str, town: str) -> None:
    assert ("LOCATION", town) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "i live in the moment",
        "my synth lives in mono",
        "based in part on a sample",
        "bars 12 to 16 of verse 2",
        "kick 3 on bus 4",
        "string 2 and ring 3",
        "i'm from time to time late",
        "add 3 db at 120 hz, then 2 ms",
        "in Logic, from Serum to Vital",
    ],
)
def test_studio_talk_holds_no_place(text: str) -> None:
    assert found(text) == []
