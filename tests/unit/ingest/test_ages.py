"""Who says of themselves that they are under 18 is found, and who only counts bars, minutes and decibels is not."""

from __future__ import annotations

import polars as pl
import pytest

from privacy_analytics.ingest.ages import minors, says_minor

SAYS = """
i'm 15
im 15
I am fifteen
I'm a 16 year old
i'm 15 yo / can i use this
i'm 15 y/o
15 year old producer here
15yo bedroom producer here
I'm only 14
just turned 17
I turn 16 next week
as a 15-year-old
hi, I’m 15 and i make trap
I'm 14, my dad pays for this
so im 16 btw
i am 13 years old
i'm 15!
i'm literally 12 lol
I'm almost 18
i'm not 18 yet
I'm under 18
i'm underage, is that ok?
i'm turning 17 in june
i'll be 16 in two months
I turned 15 last week
my age is 14
i (15m) make beats
I'm 14 and a half
i'm 15 so i can't pay
I am 16 years old and from ohio
im 17 (almost 18)
i'm １５
𝐢'𝐦 𝟏𝟓
ich bin 15
ich bin erst 15 Jahre alt
j'ai 15 ans
je n'ai que 14 ans
tengo 15 años
""".strip().splitlines()
SAYS_NOT = """
I'm 15 minutes in
I'm 15 tracks deep
i'm 12 bars in
I'm 10 dB too loud
when I was 15
I was 15
my son is 15
I'm 15% done
I'm 16 bit
i'm 17th
I'm 1.5
I'm 15 years into mixing
I have been producing since I was 12
I'm 14 and a half hours in
i'm 16 bars in, 120 bpm
I'm 15, 20 tracks in
I'm 15-20 hours in
I'm 12 steps into the tutorial
i'm 14 semitones up
explain it like i'm 12
talk to me like I'm 12 years old
pretend i'm 15
if i'm 16 can i sign up?
I'm 35 years old
I'm 18
I'm 18 years old
i'm 150 bpm
I turned 15 down
I just turned 12 and 13 off
just turned 15 db down
I'm in a 15 year old daw
my 15 year old macbook
15 year old macbook here
as a 15 year old plugin it holds up
my 15 year old makes beats
I'll be 15 minutes late
I'm at 15
im on track 15
i'm using 16
I'm 15 ms late
I'm a minor chord, then a fifth
in A minor, 16 bars
ich bin 15 Minuten dabei
ich bin seit 15 Jahren dabei
j'ai 15 ans d'expérience
tengo 15 años de experiencia
tengo 15 años produciendo
he says he is 15
she's 15
I'm 24 bit 48k
I'm 8 bars behind
""".strip().splitlines()


@pytest.mark.parametrize("text", SAYS)
def test_who_says_so_is_found(text):
    assert says_minor(text)
    assert minors(pl.Series([f"hello, love the plugin. {text}", None, f"{text}\nwhich reverb?"])).to_list() == [
        True,
        False,
        True,
    ]


@pytest.mark.parametrize("text", SAYS_NOT)
def test_who_speaks_of_something_else_is_not(text):
    assert not says_minor(text)
    assert not minors(pl.Series([f"hello. {text}"])).any()
