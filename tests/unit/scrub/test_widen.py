import re

import pytest

from privacy_analytics.scrub.spans import Span, merged
from privacy_analytics.scrub.widen import widened


def wide(marked, kind):
    """«...» in the text given is what was found; returns what is found after, marked the same way."""
    text, spans = "", []
    for part in re.split(r"(«[^»]*»)", marked):
        if part.startswith("«"):
            spans.append(Span(len(text), len(text) + len(part) - 2, kind, 0.8))
        text += part.strip("«»") if part.startswith("«") else part
    for span in reversed(merged(widened(spans, text), text)):
        text = f"{text[: span.start]}«{text[span.start : span.end]}»{text[span.end :]}"
    return text


@pytest.mark.parametrize(
    ("found", "after"),
    [
        ("ask Dr. «Ingrid Falk» please", "ask «Dr. Ingrid Falk» please"),
        ("Officer «Tamm» wrote", "«Officer Tamm» wrote"),
        ("dear mrs «cole»,", "dear «mrs cole»,"),
        ("Prof. Dr. «Weber» said", "«Prof. Dr. Weber» said"),
        ("«Anna Cole», PhD and I", "«Anna Cole, PhD» and I"),
        ("«John Doe» Jr. is here", "«John Doe Jr.» is here"),
        ("the addr. «Anna» gave", "the addr. «Anna» gave"),
        ("«Anna» is a doctor", "«Anna» is a doctor"),
        ("madrid «Anna»", "madrid «Anna»"),
    ],
)
def test_titles_and_degrees_go_with_the_name(found, after):
    assert wide(found, "PERSON") == after


@pytest.mark.parametrize(
    ("found", "after"),
    [
        ("in «Borgolieto» 43015 near", "in «Borgolieto 43015» near"),
        ("in «Berlin», 10115.", "in «Berlin, 10115»."),
        ("in «London» 2019 we met", "in «London» 2019 we met"),
        ("in «Berlin» 1500 people came", "in «Berlin» 1500 people came"),
        ("«Detroit» 4000 Hz", "«Detroit» 4000 Hz"),
        ("at the corner of «Elm Street 4» and «Oak Lane» now", "at «the corner of Elm Street 4 and Oak Lane» now"),
        ("«Elm Street 4» and «Oak Lane»", "«Elm Street 4» and «Oak Lane»"),
    ],
)
def test_postcodes_and_corners_go_with_the_place(found, after):
    assert wide(found, "LOCATION") == after


def test_particles_join_the_parts_of_one_name():
    assert wide("«Anna» van der «Berg» and «Tom»", "PERSON") == "«Anna van der Berg» and «Tom»"
    assert wide("«Castrello» de «Valdueza»", "LOCATION") == "«Castrello de Valdueza»"
