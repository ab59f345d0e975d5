"""Draws that anybody can check: a rival of a few lines agrees, odds come out, nothing can be changed unseen."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laoke.promotions.rewards import fair_draws
from laoke.promotions.rewards.fair_draws import (
    Deck,
    Wrong,
    commitment,
    link,
    prize_of,
    roll,
    text_digest,
    verify,
)

SEED = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


def terms(kind: str = "lottery", cards: int = 0) -> dict[str, Any]:
    prizes = [
        {"title": "大奖", "odds_ppm": 10_000, "stock": 3},
        {"title": "小奖", "odds_ppm": 200_000, "stock": 50},
    ]
    return {"kind": kind, "cards": cards, "prizes": prizes, "name": "双11"}


def drawn(count: int, promised: dict[str, Any], seed: str = SEED) -> dict[str, Any]:
    """What a lottery publishes after so many draws, each with a text of its own."""
    deck, out, draws = Deck.of(promised), [0, 0], []
    for number in range(1, count + 1):
        digest = text_digest(f"客人 {number}")
        prize = prize_of(deck, out, number - 1, roll(seed, number, digest))
        if prize is not None:
            out[prize] += 1
        draws.append({"number": number, "text_sha256": digest, "prize": prize})
    told = {"terms": promised, "seed": seed, "commitment": commitment(seed, promised), "drawn": count}
    return told | {"draws": draws}


def linked(told: dict[str, Any], first: int = 1) -> dict[str, Any]:
    """The same with links from the draw `first` on, as one publishes that was drawn with them."""
    told, last = copy.deepcopy(told), told["commitment"]
    for draw in told["draws"]:
        last = link(last, draw["number"], draw["text_sha256"], draw["prize"])
        draw["link"] = last if draw["number"] >= first else None
    return told | {"link": told["draws"][-1]["link"]}


def rival(published: dict[str, Any]) -> list[int | None]:
    """The recipe of the how-to page, written again from the standard library alone."""
    left = [prize["stock"] for prize in published["terms"]["prizes"]]
    found: list[int | None] = []
    for draw in published["draws"]:
        told = f"{draw['number']}\n{draw['text_sha256']}".encode()
        place = (
            int(hmac.new(bytes.fromhex(published["seed"]), told, hashlib.sha256).hexdigest(), 16) % 1_000_000
        )
        won = None
        for number, prize in enumerate(published["terms"]["prizes"]):
            place -= prize["odds_ppm"]
            if place < 0:
                won = next((one for one in range(number, len(left)) if left[one]), None)
                break
        if won is not None:
            left[won] -= 1
        found.append(won)
    return found


def test_the_numbers_of_a_known_seed() -> None:
    assert text_digest("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert roll(SEED, 1, text_digest("")) == int(
        hmac.new(bytes.fromhex(SEED), b"1\n" + text_digest("").encode(), "sha256").hexdigest(), 16
    )
    assert commitment(SEED, {"b": 1, "a": "奖"}) == (
        hashlib.sha256(f'{SEED}\n{{"a":"奖","b":1}}'.encode()).hexdigest()
    )


def test_a_rival_of_a_few_lines_finds_the_same_prizes() -> None:
    published = drawn(2_000, terms())

    assert rival(published) == [draw["prize"] for draw in published["draws"]]
    assert verify(published).is_fair
    # Through a file, as it is handed out.
    assert verify(json.loads(json.dumps(published))).draws == 2_000


def test_odds_come_out_as_they_are_stated() -> None:
    deck = Deck("lottery", (10_000, 200_000), (10**6, 10**6))
    won = [prize_of(deck, [0, 0], 0, roll(SEED, number, "x")) for number in range(1, 40_001)]

    # 400 and 8,000 expected, within five standard deviations of 20 and 80
    assert 300 < won.count(0) < 500
    assert 7_600 < won.count(1) < 8_400


def test_a_prize_that_is_used_up_passes_on_to_the_next_that_is_left() -> None:
    deck = Deck("lottery", (500_000, 100_000), (1, 1))

    assert prize_of(deck, [0, 0], 0, 0) == 0
    assert prize_of(deck, [1, 0], 1, 0) == 1
    assert prize_of(deck, [1, 1], 2, 0) is None
    assert prize_of(deck, [0, 0], 0, 599_999) == 1
    assert prize_of(deck, [0, 1], 1, 599_999) is None
    assert prize_of(deck, [0, 0], 0, 600_000) is None


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5), st.integers(0, 20), st.integers(0, 2**32))
def test_all_cards_of_a_pile_hold_exactly_its_prizes(stock: list[int], blanks: int, salt: int) -> None:
    deck = Deck("scratch", (0,) * len(stock), tuple(stock), sum(stock) + blanks)
    out, none = [0] * len(stock), 0
    for number in range(1, deck.cards + 1):
        prize = prize_of(deck, out, number - 1, roll(SEED, number, str(salt)))
        if prize is None:
            none += 1
        else:
            out[prize] += 1
    assert (out, none) == (stock, blanks)


def test_a_changed_draw_and_a_missing_one_are_found() -> None:
    told = drawn(9, terms())
    before = told["draws"][4]["prize"]
    assert verify(told).is_fair

    other = 1 if before != 1 else None
    changed = copy.deepcopy(told)
    changed["draws"][4]["prize"] = other
    assert verify(changed).wrong == (Wrong("prize", 5, other, before),)

    for cut in (8, 0):
        cut_off = told | {"draws": told["draws"][:cut]}
        assert verify(cut_off).wrong == (Wrong("number", cut + 1, None, None),)
    assert verify(told | {"drawn": 7}).wrong == (Wrong("number", 8, None, None),)

    shorter = copy.deepcopy(told)
    shorter["draws"].pop(4)
    assert verify(shorter).wrong == (Wrong("number", 6, shorter["draws"][4]["prize"], None),)


@pytest.mark.parametrize("number", ["3", "3 ", 3.0, 3.9, True, None])
def test_a_number_that_only_looks_like_one_is_found(number: Any) -> None:
    told = drawn(9, terms())
    told["draws"][2]["number"] = number
    assert verify(told).wrong == (Wrong("number", 3, told["draws"][2]["prize"], None),)


def test_a_prize_that_only_equals_the_right_one_is_found() -> None:
    promised = terms() | {"prizes": [{"title": "一", "odds_ppm": 500_000, "stock": 9}] * 2}
    told = drawn(9, promised)
    for place, draw in enumerate(told["draws"]):
        for equal in [] if draw["prize"] is None else [bool(draw["prize"]), float(draw["prize"])]:
            changed = copy.deepcopy(told)
            changed["draws"][place]["prize"] = equal
            assert verify(changed).wrong == (Wrong("prize", place + 1, None, draw["prize"]),)
    assert {0, 1} <= {draw["prize"] for draw in told["draws"]}


def test_a_name_that_stands_twice_is_no_published_document() -> None:
    told = json.dumps(drawn(2, terms()))
    assert verify(fair_draws.read_published(told)).is_fair
    doubled = told.replace('"prize": ', '"prize": 7, "prize": ', 1)
    assert verify(json.loads(doubled)).is_fair
    with pytest.raises(ValueError, match="twice"):
        fair_draws.read_published(doubled)


def test_another_text_is_another_draw() -> None:
    rolls = {roll(SEED, 1, text_digest(text)) for text in ("", "芝麻开门", "芝麻开门 ")}
    assert len(rolls | {roll(SEED, 2, text_digest(""))}) == 4


@pytest.mark.parametrize("name", ["odds_ppm", "stock"])
def test_changed_odds_or_another_seed_do_not_match_the_hash(name: str) -> None:
    published = drawn(5, terms())
    published["terms"]["prizes"][0][name] += 1
    assert not verify(published).seed_matches

    other = drawn(5, terms()) | {"seed": "ff" * 32}
    assert not verify(other).seed_matches and not verify(other).is_fair


def test_more_draws_than_cards_are_found() -> None:
    promised = terms("scratch", 60)
    published = drawn(60, promised)
    assert verify(published).is_fair
    published["draws"].append({"number": 61, "text_sha256": "x", "prize": None})
    assert verify(published).wrong == (Wrong("number", 61, None, None),)


def test_the_link_of_a_known_draw() -> None:
    assert link("00", 3, "ab", None) == hashlib.sha256(b"00\n3\nab\n").hexdigest()
    assert link("00", 3, "ab", 1) == hashlib.sha256(b"00\n3\nab\n1").hexdigest()


def test_draws_that_follow_each_other_are_fair_and_the_first_that_does_not_is_named() -> None:
    told = linked(drawn(9, terms() | {"linked": True}))
    assert verify(told) == fair_draws.Verdict(9, True, ())

    for number in (1, 5, 9):
        altered = copy.deepcopy(told)
        altered["draws"][number - 1]["link"] = "0" * 64
        wrong = {one.number for one in verify(altered).wrong if one.code == "link"}
        assert min(wrong) == number and wrong <= {number, number + 1}

    other = copy.deepcopy(told)
    other["draws"][4]["prize"] = 1 if other["draws"][4]["prize"] != 1 else None
    assert {one.code for one in verify(other).wrong} == {"prize", "link"}
    assert {one.number for one in verify(other).wrong} == {5}

    assert Wrong("link", 10, None, None) in verify(told | {"link": "0" * 64}).wrong


def test_a_list_made_anew_agrees_with_no_link_that_somebody_holds() -> None:
    """Whoever alters the draws, their links and the count together makes a document that agrees with itself."""
    told = linked(drawn(9, terms()))
    held = {one["number"]: one["link"] for one in told["draws"]}
    shorter = linked({**told, "draws": told["draws"][:7], "drawn": 7})
    assert verify(shorter).is_fair
    assert verify(shorter, {3: held[3], 7: held[7]}).is_fair
    assert verify(shorter, {3: held[3], 9: held[9]}).wrong == (Wrong("held", 9, None, None),)

    texts = copy.deepcopy(told)
    texts["draws"][1]["text_sha256"] = text_digest("另一个人")
    for draw, prize in zip(texts["draws"], rival(texts), strict=True):
        draw["prize"] = prize
    again = linked(texts)
    assert verify(again).is_fair
    assert [one.number for one in verify(again, held).wrong] == [2, 3, 4, 5, 6, 7, 8, 9]
    assert {one.code for one in verify(again, held).wrong} == {"held"}


def test_draws_from_before_there_were_links_are_counted_and_bound_by_the_first_link() -> None:
    told = linked(drawn(9, terms()), first=5)
    assert verify(told) == fair_draws.Verdict(9, True, (), unlinked=4)
    assert verify(drawn(9, terms())).unlinked == 9

    altered = copy.deepcopy(told)
    altered["draws"][1]["text_sha256"] = text_digest("另一个人")
    assert [one.number for one in verify(altered).wrong if one.code == "link"] == [5]

    torn = copy.deepcopy(told)
    torn["draws"][6]["link"] = None
    assert 7 in {one.number for one in verify(torn).wrong if one.code == "link"}


def test_links_that_the_terms_promise_cannot_be_left_out() -> None:
    promised = terms() | {"linked": True}
    assert verify(linked(drawn(3, promised))).is_fair
    assert [one.number for one in verify(drawn(3, promised)).wrong] == [1, 2, 3]


def test_what_is_no_published_lottery_is_refused() -> None:
    for told in ({}, {"seed": SEED, "terms": {}, "draws": []}):
        with pytest.raises((KeyError, TypeError, ValueError)):
            fair_draws.verify(told)
