"""Does the domain survive? Sentences built from product names, genres and effect words, with and without a person.

    python benchmarks/scrub_domain.py [--tier fast|standard] [--templates known|fresh] [--sample N] [--show N]

Reads the vocabulary beside the repository (`SHARED`); it is for measuring only and never shipped. Prints the share of
sentences without a person that the scrubber touches, and the share of those with one that lose the name.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from privacy_analytics.scrub import find_spans

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
FILES = ("plugins_wide.txt", "genres.txt", "effect_categories.txt")
"""The first alone holds 2,944 terms; all three 4,579: reported apart."""

PLAIN = (
    "loading {} on the drum bus makes it clip",
    "how do i automate the mix knob of {} in ableton",
    "i put {} after the eq and now it sounds muddy",
    "is {} any good for vocals?",
    "what settings do you use for {}",
    "Please explain what {} does and when I should use it.",
    "compare {} with the stock one",
    "{} crashes when I open the project",
    "any tips for {}? it always ends up too loud",
    "can you make this more {}",
    "add some {} to the chorus",
    "The export is silent as soon as {} is active.",
    "i want a {} feel for the second verse",
    "turn off {} and bounce it again",
    "why does {} add latency",
    "rename the track to {} 2",
    "write me a short guide to {} for beginners",
    "my chain is eq, {}, limiter",
    "Which presets of {} would fit a slow ballad?",
    "we tried {} and then a bit of tape, it helped",
)
PEOPLE = (
    "{name} told me to load {} on the drum bus",
    "my friend {name} showed me how to automate {}",
    "{name} said i should put {} after the eq",
    "hi, this is {name}, is {} any good for vocals?",
    "i asked {name} what settings to use for {}",
    "Please explain to {name} what {} does and when to use it.",
    "my singer {name} wants to compare {} with the stock one",
    "{} crashes when I open the project. Thanks, {name}",
    "any tips for {}? cheers, {name}",
    "i'm {name} and i want to make this more {}",
    "add some {} to the chorus, says {name}",
    "I sent the export to {name} but {} is silent.",
    "tell {name} i want a {} feel for the second verse",
    "turn off {} and bounce it again for {name}",
    "hey {name}, why does {} add latency",
    "rename the track to {} - {name}",
    "my name is {name}, write me a guide to {}",
    "the chain from {name} is eq, {}, limiter",
    "which presets of {} did {name} use?\n- {name}",
    "{name} and i tried {} and then a bit of tape",
)
"""Each holds a name at least once; all of its places must be masked."""
FRESH_PLAIN = (
    "my {} track is way too quiet in the master",
    "been using {} a lot lately and i think i like it",
    "Could you build me a template around {}?",
    "the low end of {} fights with the kick",
    "where do i find {} in the browser",
    "{} sounds dull after the last update",
    "half the session is {} and it still feels empty",
    "keep {} but lower it by 3 db",
    "the tutorial on {} was too fast for me",
    "i bought {} on sale and have no idea how it works",
    "duplicate the {} lane and pan it right",
    "Is there a free alternative to {}?",
    "give me four bars of {} in A minor",
    "what tempo is typical for {}",
    "cpu goes to 90% when {} is on two tracks",
    "freeze {} first, then export",
    "explain the difference between {} and a plain filter",
    "my ears are tired of {} lol",
    "use {} on the snare, not on the whole kit",
    "after {} i only hear noise",
)
FRESH_PEOPLE = (
    "{name} gave me a project full of {}",
    "met {name} yesterday, big fan of {}",
    "can you mail {name} the settings of {}?",
    "{name}'s mix uses {} everywhere",
    "it's {name} again, {} still sounds dull",
    "Dear {name}, the {} stem is attached.",
    "produced by {name}, with some {}",
    "me and {name} freeze {} first, then export",
    "{name} hates {} lol",
    "who is better at {}, {name} or me?",
    "call {name} before you delete {}",
    "my brother {name} bought {} on sale",
    "the vocals are by {name}, the rest is {}",
    "{name} wants four bars of {} in A minor",
    "written with {name} in a night of {}",
    "regards, {name} (PS: keep {} low)",
    "{name}: is there a free alternative to {}?",
    "my teacher is called {name} and uses {} on the snare",
    "Session notes for {name}: duplicate the {} lane",
    "so {name} asked what tempo is typical for {}",
)
SETS = {"known": (PLAIN, PEOPLE), "fresh": (FRESH_PLAIN, FRESH_PEOPLE)}
"""Rules were mended, and the model trained on templates alike, while looking at the failures of the known ones; nothing
was changed for the fresh ones."""


def terms(*files: str) -> list[str]:
    """The vocabulary, a term a line."""
    folder = SHARED / "vocabulary"
    return [
        line for file in files or FILES for line in (folder / file).read_text(encoding="utf-8").splitlines() if line
    ]


def forenames() -> list[str]:
    """Romanised forenames in ASCII, sorted."""
    with gzip.open(SHARED / "real" / "names_forenames.csv.gz", "rt", encoding="utf-8") as file:
        found = {row["Romanized Name"] for row in csv.DictReader(file)}
    return sorted(name for name in found if name.isascii() and name.isalpha() and len(name) > 2)


def clean(vocabulary: Sequence[str], templates: Sequence[str] = PLAIN) -> Iterator[str]:
    """Every term in every plain template."""
    return (template.format(term) for term in vocabulary for template in templates)


def planted(
    vocabulary: Sequence[str], names: Sequence[str], templates: Sequence[str] = PEOPLE, seed: int = 3
) -> Iterator[tuple[str, str]]:
    """Every term in every template with a person, and who it is; half of the names in lower case."""
    chance = random.Random(seed)  # noqa: S311 - which sentences, not a secret
    for term in vocabulary:
        for template in templates:
            name = chance.choice(names)
            shown = name.lower() if chance.random() < 0.5 else name
            yield template.format(term, name=shown), shown


def loses(text: str, name: str, spans: Iterable[tuple[int, int, str]]) -> bool:
    """Whether every place of the name that the template made lies in a span."""
    hidden = {index for start, end, _ in spans for index in range(start, end)}
    start = text.find(name)
    return start >= 0 and hidden.issuperset(range(start, start + len(name)))


def main() -> None:
    """Print the shares."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--tier", choices=("fast", "standard"), default="fast")
    options.add_argument("--sample", type=int, help="so many sentences instead of all; the same each time")
    options.add_argument("--show", type=int, default=0, help="print so many failures of each kind")
    options.add_argument("--templates", choices=SETS, default="known")
    given = options.parse_args()
    plain, people = SETS[given.templates]
    chance = random.Random(3)  # noqa: S311
    for label, vocabulary in (("plug-ins", terms(FILES[0])), ("genres and effects", terms(*FILES[1:]))):
        texts, pairs = list(clean(vocabulary, plain)), list(planted(vocabulary, forenames(), people))
        if given.sample:
            texts = chance.sample(texts, min(given.sample, len(texts)))
            pairs = chance.sample(pairs, min(given.sample, len(pairs)))
        touched = [
            (text, spans) for text, spans in zip(texts, find_spans(texts, tier=given.tier), strict=True) if spans
        ]
        found = find_spans([text for text, _ in pairs], tier=given.tier)
        kept = [pair for pair, spans in zip(pairs, found, strict=True) if not loses(*pair, spans)]
        print(f"{label}: {len(vocabulary):,} terms, {given.tier}")
        print(f"  touched without a person   {len(touched) / len(texts):7.2%} of {len(texts):,}")
        print(f"  person masked when planted {1 - len(kept) / len(pairs):7.2%} of {len(pairs):,}")
        for text, spans in touched[: given.show]:
            print("   touched:", [text[start:end] for start, end, _ in spans], "|", text)
        for text, _ in kept[: given.show]:
            print("   kept:", text)


if __name__ == "__main__":
    main()
