"""Draws that anybody can check: a seed is drawn and its hash published before the first draw, the seed after the last.

    commitment = SHA-256 of "SEED\\nTERMS": the seed in hex, and everything that was published as canonical JSON
    roll       = HMAC-SHA-256 with the seed as key, of "NUMBER\\nSHA-256 of the person's own text", as a whole number
    lottery    = roll modulo a million falls into the odds of one prize, in the order of the prizes, or into none;
                 a prize that is used up passes it on to the next one that is left
    scratch    = roll modulo the cards that are left falls on one of them, the prizes lying in their order, then blanks
    link       = SHA-256 of "LINK BEFORE\\nNUMBER\\nSHA-256 of the text\\nPLACE OF THE PRIZE, empty for none"; the first
                 draw follows the commitment

Whoever runs it cannot change seed or odds afterwards, whoever takes part adds a text that nobody knew before. The
remainder of a 256-bit number by a million favours no prize by more than one in 10^70. Whoever drew holds the link of
their draw: it binds every draw before, so no list without one of these agrees with it, however many it says there were.
Pure: the seed comes in.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

LOTTERY, SCRATCH = "lottery", "scratch"
ODDS_BASE = 1_000_000
SEED_BYTES = 32
MOST_WRONG = 20
# The law's limit for the highest prize (规范促销行为暂行规定): 50,000 yuan, what is not money at its market price.
MOST_PRIZE_CENTS = 5_000_000

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Deck:
    """What is drawn from: `odds` in a million for each prize (a lottery), or `cards` in all (scratch cards), and how
    many of each prize there are."""

    kind: str
    odds: tuple[int, ...]
    stock: tuple[int, ...]
    cards: int = 0

    @classmethod
    def of(cls, terms: Json) -> Deck:
        """Of published terms."""
        prizes = terms["prizes"]
        return cls(
            terms["kind"],
            tuple(_whole(one["odds_ppm"]) for one in prizes),
            tuple(_whole(one["stock"]) for one in prizes),
            _whole(terms["cards"]),
        )


def canonical(terms: Json) -> str:
    """Terms as the text that is hashed.

    >>> canonical({"b": 1, "a": "奖"})
    '{"a":"奖","b":1}'
    """
    return json.dumps(terms, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def commitment(seed: str, terms: Json) -> str:
    """What is published before the first draw; the seed is hex."""
    return _sha256(f"{seed}\n{canonical(terms)}")


def text_digest(text: str) -> str:
    """What is kept and published of a person's own text."""
    return _sha256(text)


def roll(seed: str, number: int, text_sha256: str) -> int:
    """The whole number of a draw, below 2^256."""
    told = f"{number}\n{text_sha256}".encode()
    return int.from_bytes(hmac.new(bytes.fromhex(seed), told, hashlib.sha256).digest())


def link(before: str, number: int, text_sha256: str, prize: int | None) -> str:
    """What binds a draw and all before it; `before` is the link of the one before, of the first the commitment."""
    return _sha256(f"{before}\n{number}\n{text_sha256}\n{'' if prize is None else prize}")


def prize_of(deck: Deck, given: Sequence[int], drawn: int, rolled: int) -> int | None:
    """The place of the prize that a draw wins after `drawn` draws that gave so many of each; None = none."""
    if deck.kind == SCRATCH:
        return _card(deck, given, rolled % (deck.cards - drawn))
    return _by_odds(deck, given, rolled % ODDS_BASE)


def _card(deck: Deck, given: Sequence[int], place: int) -> int | None:
    for prize, (stock, out) in enumerate(zip(deck.stock, given, strict=True)):
        place -= stock - out
        if place < 0:
            return prize
    return None


def _by_odds(deck: Deck, given: Sequence[int], place: int) -> int | None:
    hit = None
    for prize, odds in enumerate(deck.odds):
        place -= odds
        if place < 0:
            hit = prize
            break
    if hit is None:
        return None
    return next((one for one in range(hit, len(deck.odds)) if given[one] < deck.stock[one]), None)


@dataclass(frozen=True)
class Wrong:
    """A draw that is not what the seed says, or is missing. `code` is `number`, `prize`, `link` (it does not follow
    from the draw before) or `held` (somebody who drew holds another link of it); of prizes it has the places, None =
    none."""

    code: str
    number: int
    told: int | None
    computed: int | None


@dataclass(frozen=True)
class Verdict:
    """Whether published draws are what seed, terms and texts make them. `wrong` holds the first ones at most; the first
    `unlinked` draws carry no link, because they were drawn before there were any."""

    draws: int
    seed_matches: bool
    wrong: tuple[Wrong, ...]
    unlinked: int = 0

    @property
    def is_fair(self) -> bool:
        return self.seed_matches and not self.wrong


def read_published(text: str) -> Any:
    """A published document as it was written: a name that stands twice in one object would hide what a reader sees.

    Raises
    ------
    ValueError
    """
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def verify(published: Json, held: Mapping[int, str] | None = None) -> Verdict:
    """Compute every draw anew: `terms`, `commitment`, `seed`, `drawn` (how many there were), `link` (the last one), and
    `draws` with `number`, `text_sha256`, `prize`, `link`. `held` are links by number that people who drew were given.

    Raises
    ------
    ValueError, KeyError, TypeError
        when it is no such document, or its seed has not been published yet.
    """
    seed, terms, draws = _text(published["seed"]), published["terms"], published["draws"]
    deck, drawn = Deck.of(terms), _whole(published["drawn"])
    chain = _Chain(_text(published["commitment"]), terms.get("linked") is True)
    given, wrong = [0] * len(deck.stock), []
    for place, draw in enumerate(draws, 1):
        number, told = draw["number"], draw["prize"]
        is_place = told is None or _is_whole(told)
        shown = told if is_place else None
        if not _is_whole(number) or number != place or (deck.kind == SCRATCH and number > deck.cards):
            wrong.append(Wrong("number", number if _is_whole(number) else place, shown, None))
            break
        text = _text(draw["text_sha256"])
        computed = prize_of(deck, given, place - 1, roll(seed, number, text))
        if computed is not None:
            given[computed] += 1
        if not is_place or computed != told:
            wrong.append(Wrong("prize", number, shown, computed))
        if not chain.follows(number, text, shown, draw.get("link")):
            wrong.append(Wrong("link", number, None, None))
    if len(draws) != drawn and not any(one.code == "number" for one in wrong):
        wrong.append(Wrong("number", min(len(draws), drawn) + 1, None, None))
    wrong += chain.ends(published.get("link"), held or {})
    matches = hmac.compare_digest(commitment(seed, terms), _text(published["commitment"]))
    return Verdict(len(draws), matches, tuple(wrong[:MOST_WRONG]), chain.unlinked)


class _Chain:
    """The links of a document as they are read: each is held against what the one before makes it. After one that is
    wrong the next is held against the wrong one, so that it alone is named."""

    def __init__(self, commitment: str, from_the_first: bool) -> None:
        self.last, self.from_the_first = commitment, from_the_first
        self.by_number: dict[int, str] = {}
        self.unlinked = 0
        self.begun = False

    def follows(self, number: int, text_sha256: str, prize: int | None, told: Any) -> bool:
        """Whether a draw's link is right; one that was drawn before there were links needs none."""
        computed = link(self.last, number, text_sha256, prize)
        self.last = self.by_number[number] = computed if told is None else _text(told)
        if told is None and not self.begun:
            self.unlinked += 1
            return not self.from_the_first
        self.begun = True
        return told is not None and hmac.compare_digest(computed, self.last)

    def ends(self, told: Any, held: Mapping[int, str]) -> list[Wrong]:
        """What is wrong with the last link, and with those that people hold."""
        wrong = []
        if told is not None and _text(told) != self.last:
            wrong.append(Wrong("link", len(self.by_number) + 1, None, None))
        return wrong + [
            Wrong("held", number, None, None)
            for number, given in sorted(held.items())
            if self.by_number.get(number) != given
        ]


def _is_whole(value: Any) -> bool:
    """Neither 3.0 nor true, which are equal to whole numbers."""
    return type(value) is int


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is no whole number")
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise TypeError(f"{value!r} is no text")
    return value


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
