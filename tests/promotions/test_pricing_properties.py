"""What holds for every basket: parts and whole, nothing below zero, any order, and two rival pricers agree."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from laoke.promotions.columnar import BasketColumns, PricedBaskets, columns_from_lines, price_baskets, pricing
from laoke.promotions.engine import (
    VARIED,
    Basket,
    DepositExpansion,
    Ground,
    Layer,
    LevelReward,
    Line,
    Offer,
    Quote,
    basket_from_dict,
    basket_to_dict,
    exposure,
    next_step_sentence,
    offer_from_dict,
    offer_to_dict,
    open_variant,
    quote,
    quote_to_dict,
    refusal_sentence,
    step_sentence,
)
from tests.promotions.doc_examples import priced_examples
from tests.promotions.rival import is_open, payable_by_line
from tests.promotions.strategies import AT, PRODUCTS, baskets, offers

Offers = tuple[Offer, ...]


@pytest.fixture(scope="module", autouse=True)
def _everything_loaded() -> None:
    """Hypothesis draws numbers from our modules too, and refuses to go on when one is loaded in the middle: what prices
    columns loads as it is needed."""
    for found in priced_examples().values():
        check_columns_equal_quotes([found.basket], found.offers)


@given(baskets(), offers())
def test_parts_equal_the_whole_and_nothing_is_below_zero(basket: Basket, given_offers: Offers) -> None:
    result = quote(basket, given_offers, AT)
    for line in result.lines:
        assert 0 <= line.payable_cents <= line.base_cents <= line.list_cents
        assert line.base_cents - sum(share.cents for share in line.shares) == line.payable_cents
        assert all(share.cents >= 0 for share in line.shares)
    assert sum(line.payable_cents for line in result.lines) == result.goods_cents
    assert result.goods_cents + result.postage_cents - result.postage_off_cents == result.payable_cents
    held = sum(
        offer.mechanic.deposit_cents * line.quantity
        for line in result.lines
        for offer in given_offers
        if line.item_offer_id == offer.offer_id and isinstance(offer.mechanic, DepositExpansion)
    )
    assert result.deposit_cents == held
    assert result.deposit_cents + result.balance_cents == result.payable_cents
    assert result.balance_cents >= result.postage_cents - result.postage_off_cents
    goods = [use for use in result.consumed if use.layer is not Layer.POSTAGE]
    assert result.list_cents - sum(use.discount_cents for use in goods) == result.goods_cents
    assert result.postage_off_cents in (0, result.postage_cents)
    assert sum(step.amount_cents for step in result.trace[:-1]) == result.trace[-1].amount_cents
    for use in goods:
        if use.layer is not Layer.ITEM:
            shares = [
                share.cents
                for line in result.lines
                for share in line.shares
                if share.offer_id == use.offer_id
            ]
            assert sum(shares) == use.discount_cents <= use.face_cents


@given(baskets(), offers())
def test_every_offer_is_used_or_refused_with_a_sentence(basket: Basket, given_offers: Offers) -> None:
    result = quote(basket, given_offers, AT)
    answered = [use.offer_id for use in result.consumed] + [refusal.offer_id for refusal in result.refused]
    assert sorted(answered) == sorted(offer.offer_id for offer in given_offers)
    for language in ("zh", "en"):
        assert all(refusal_sentence(refusal, language) for refusal in result.refused)
        assert all(step_sentence(step, language) for step in result.trace)
        assert all(next_step_sentence(step, language) for step in result.next_steps)


@given(baskets(), offers(), st.randoms(use_true_random=False))
def test_the_order_of_lines_and_offers_does_not_matter(basket: Basket, given_offers: Offers, random) -> None:  # type: ignore[no-untyped-def]
    lines, shuffled = list(basket.lines), list(given_offers)
    random.shuffle(lines)
    random.shuffle(shuffled)
    mixed = quote(replace(basket, lines=tuple(lines)), shuffled, AT)
    plain = quote(basket, given_offers, AT)
    assert {line.line_id: line for line in mixed.lines} == {line.line_id: line for line in plain.lines}
    assert replace(mixed, lines=()) == replace(plain, lines=())


@settings(max_examples=600)
@given(baskets(), offers())
def test_the_engine_agrees_with_the_rival(basket: Basket, given_offers: Offers) -> None:
    result = quote(basket, given_offers, AT)
    assert {line.line_id: line.payable_cents for line in result.lines} == payable_by_line(
        basket, given_offers, AT
    )


@given(baskets(), offers())
def test_the_worst_case_is_never_above_the_price(basket: Basket, given_offers: Offers) -> None:
    result = quote(basket, given_offers, AT)
    assert result.worst_case_cents <= result.payable_cents
    worst = exposure(basket, given_offers)
    waived = any(offer.layer is Layer.POSTAGE and offer.offer_id in worst.offer_ids for offer in given_offers)
    postage = 0 if waived else basket.postage_cents
    assert worst.goods_cents + postage == result.worst_case_cents
    assert worst.discount_cents == worst.list_cents - worst.goods_cents


@settings(max_examples=300)
@given(baskets(), offers(), st.data())
def test_one_more_piece_never_lowers_the_price_but_for_the_stated_exceptions(
    basket: Basket, given_offers: Offers, data: st.DataObject
) -> None:
    chosen = data.draw(st.sampled_from(basket.lines))
    more = tuple(replace(line, quantity=line.quantity + (line is chosen)) for line in basket.lines)
    before, after = quote(basket, given_offers, AT), quote(replace(basket, lines=more), given_offers, AT)
    assume(_steps_reached(before) == _steps_reached(after))
    order_level = sum(use.layer is not Layer.ITEM for use in after.consumed)
    cut_short = any(use.face_cents > use.discount_cents for use in (*before.consumed, *after.consumed))
    allowance = len(basket.lines) * order_level if cut_short or order_level > 1 else 0
    assert after.payable_cents >= before.payable_cents - allowance


def _steps_reached(result: Quote) -> dict[str, int]:
    """How often each order-level offer was reached and which step comes next; percentages have no steps."""
    reached = {
        use.offer_id: use.times
        for use in result.consumed
        if use.layer not in (Layer.ITEM, Layer.OFFICIAL_CUT)
    }
    short = ("threshold_not_met", "pieces_not_met")
    lost = {refusal.offer_id: -1 for refusal in result.refused if refusal.code not in short}
    coming = {
        f"{step.offer_id}: next": (step.off_cents or 0) - (step.pay_bp or 0) for step in result.next_steps
    }
    return reached | lost | coming


@given(baskets(), offers())
def test_what_is_written_as_json_reads_back(basket: Basket, given_offers: Offers) -> None:
    assert basket_from_dict(basket_to_dict(basket)) == basket
    for offer in given_offers:
        assert offer_from_dict(offer_to_dict(offer)) == offer


@given(baskets(), offers())
def test_a_quote_as_plain_data_is_what_its_fields_say(basket: Basket, given_offers: Offers) -> None:
    result = quote(basket, given_offers, AT)
    more = {"balance_cents": result.balance_cents, "margin_cents": result.margin_cents}
    assert quote_to_dict(result) == asdict(result) | more


@settings(max_examples=670, deadline=None)
@given(st.lists(baskets(), min_size=3, max_size=6), offers())
def test_the_columns_give_what_quote_gives_for_two_thousand_baskets(
    some_baskets: list[Basket], given_offers: Offers
) -> None:
    check_columns_equal_quotes(some_baskets, given_offers)


@pytest.mark.prove
def test_the_columns_give_what_quote_gives_for_a_hundred_thousand_baskets(
    record_property: Callable[[str, object], None],
) -> None:
    priced = 0

    @settings(max_examples=5_000, deadline=None)
    @given(st.lists(baskets(), min_size=20, max_size=24), offers())
    def check(some_baskets: list[Basket], given_offers: Offers) -> None:
        nonlocal priced
        check_columns_equal_quotes(some_baskets, given_offers)
        priced += len(some_baskets)

    check()
    assert priced >= 100_000
    record_property("baskets priced twice", priced)


def test_the_columns_give_what_the_pricing_page_says() -> None:
    for found in priced_examples().values():
        check_columns_equal_quotes([found.basket, found.basket], found.offers)


def test_baskets_priced_side_by_side_cost_what_they_cost_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pricing, "LEAST_BASKETS", 1)
    monkeypatch.setattr(pricing.os, "cpu_count", lambda: 3)
    for found in priced_examples().values():
        check_columns_equal_quotes([found.basket] * 5, found.offers)


def variant_of(offer: Offer, basket: Basket) -> int:
    """The number of the price that is open, −1 where none is."""
    found = open_variant(offer, Ground(basket), AT)
    return found if isinstance(found, int) else -1


def check_what_is_given(priced: PricedBaskets, number: int, result: Quote) -> None:
    """Postage to the cent; of gifts and benefits the pieces, and a cost that is the dearest choice's (R17)."""
    assert priced.postage_off_cents[number] == result.postage_off_cents
    gone = {refusal.offer_id for refusal in result.refused if refusal.code == "gift_gone"}
    pieces = {gift.offer_id: gift.pieces for gift in result.gifts}
    for benefit in result.benefits:
        pieces[benefit.offer_id] = pieces.get(benefit.offer_id, 0) + 1
    for row, given_pieces in priced.gift_pieces.items():
        if priced.offers[row].offer_id not in gone:
            assert given_pieces[number] == pieces.get(priced.offers[row].offer_id, 0)
    if priced.gift_cost_known[number]:
        costs = [(gift.cost_cents or 0) * gift.pieces for gift in result.gifts]
        stated = sum(benefit.cost_cents or 0 for benefit in result.benefits)
        assert priced.gift_cost_cents[number] >= sum(costs) + stated
        if not priced_gifts(priced):
            assert priced.gift_cost_cents[number] == stated


def priced_gifts(priced: PricedBaskets) -> bool:
    """True where gifts with a choice may cost more than the ones that were picked."""
    return any(offer.layer is Layer.GIFT for offer in priced.offers)


def asked_columns(
    some_baskets: Sequence[Basket], given_offers: Sequence[Offer]
) -> tuple[BasketColumns, dict[str, NDArray[np.bool_]], dict[str, NDArray[np.int64]]]:
    """Baskets as columns, to which of them each offer is open by what is known of the buyer, and by which variant."""
    lines: list[tuple[int, Line]] = [
        (number, line)
        for number, basket in enumerate(some_baskets)
        for line in sorted(basket.lines, key=lambda line: line.line_id)
    ]
    columns, numbers = columns_from_lines(
        [number for number, _ in lines],
        [line.product_id for _, line in lines],
        [line.quantity for _, line in lines],
        [line.unit_price_cents for _, line in lines],
        [-1 if line.cost_cents is None else line.cost_cents for _, line in lines],
        {line.product_id: line.category for _, line in lines} | PRODUCTS,
    )
    assert numbers.tolist() == list(range(len(some_baskets)))
    columns = columns.placed(
        [basket.postage_cents for basket in some_baskets], [basket.region for basket in some_baskets]
    )
    eligible = {
        offer.offer_id: np.array([is_open(offer, basket, AT) for basket in some_baskets], np.bool_)
        for offer in given_offers
    }
    variant = {
        offer.offer_id: np.array([variant_of(offer, basket) for basket in some_baskets], np.int64)
        for offer in given_offers
        if isinstance(offer.mechanic, VARIED)
    }
    return columns, eligible, variant


def check_columns_equal_quotes(some_baskets: list[Basket], given_offers: Offers) -> None:
    """Compare line by line, offer by offer; who an offer is open to comes from the buyers."""
    columns, eligible, variant = asked_columns(some_baskets, given_offers)
    spent = {
        offer.offer_id: np.array([basket.buyer.spent.get(offer.offer_id, 0) for basket in some_baskets])
        for offer in given_offers
        if isinstance(offer.mechanic, LevelReward)
    }
    priced = price_baskets(columns, given_offers, eligible, variant=variant, spent=spent, with_shares=True)
    rows = {offer.offer_id: row for row, offer in enumerate(priced.offers)}
    position = 0
    for number, basket in enumerate(some_baskets):
        result = quote(basket, given_offers, AT)
        assert priced.payable_cents[number] == result.goods_cents
        taken = dict.fromkeys(rows, 0) | {use.offer_id: use.discount_cents for use in result.consumed}
        assert {name: priced.discount_cents[row, number] for name, row in rows.items()} == taken
        reached = {use.offer_id for use in result.consumed}
        assert all(priced.reached[rows[name], number] for name in reached)
        check_what_is_given(priced, number, result)
        closed = {
            "threshold_not_met",
            "pieces_not_met",
            "no_addon_picked",
            "nothing_in_scope",
            "out_of_window",
            "not_in_audience",
            "no_member_level",
            "early_bird_over",
            "sold_out",
            "deposit_over",
            "balance_not_yet",
            "deposit_short",
            "group_not_joined",
            "group_full",
            "too_few_buyers",
            "level_not_passed",
            "highest_level",
        }
        for refusal in result.refused:
            if refusal.code in closed | {"coupon_not_held", "limit_reached"}:
                assert not priced.reached[rows[refusal.offer_id], number]
            if refusal.code == "loses_to_better":
                assert priced.reached[rows[refusal.offer_id], number]
        for line in sorted(result.lines, key=lambda line: line.line_id):
            assert priced.line_base_cents[position] == line.base_cents
            assert priced.line_payable_cents[position] == line.payable_cents
            shares = {share.layer: share.cents for share in line.shares}
            assert priced.line_share_cents[:, position].tolist() == [shares.get(layer, 0) for layer in Layer]
            winner = priced.item_offer[position]
            assert (priced.offers[winner].offer_id if winner >= 0 else "") == line.item_offer_id
            position += 1
