"""docs/pricing.md is the specification: every numbered example on it is priced here under its own number."""

import re
from dataclasses import replace
from datetime import datetime

import pytest

from laoke.promotions.engine import (
    DiscountSums,
    EngineError,
    GiftChoice,
    GiftStep,
    Goods,
    Layer,
    Offer,
    PaidOrder,
    ThresholdGift,
    Window,
    best_quote,
    needed_orders,
    quote,
    refund,
    settle,
    too_few_orders,
)
from tests.promotions.doc_examples import PAGE, cents, mechanic_of, priced_examples, sections, tables

PRICED = priced_examples()
GIFT = ThresholdGift((GiftStep(30_000, (GiftChoice("mug", "mug", 1_990),)),))


@pytest.mark.parametrize("number", PRICED)
def test_an_example_of_the_page_is_priced_as_it_says(number: str) -> None:
    example = PRICED[number]
    if example.best:
        result = best_quote(example.basket, example.offers, example.at).quote
    else:
        result = quote(example.basket, example.offers, example.at)
    used = {use.offer_id for use in result.consumed}

    assert [line.line_id for line in result.lines] == [row["line"] for row in example.outcome]
    for line, row in zip(result.lines, example.outcome, strict=True):
        assert line.base_cents == cents(row["base"])
        assert line.payable_cents == cents(row["payable"])
        shares = {share.offer_id: share.cents for share in line.shares}
        assert shares == {name: cents(cell) for name, cell in row.items() if name in used and cell}
    assert {gift.offer_id: (gift.product_id, gift.pieces) for gift in result.gifts} == example.given
    assert {one.offer_id: (one.kind, one.level) for one in result.benefits} == example.promised
    assert (result.deposit_cents, result.balance_cents) == (
        example.deposit_cents,
        example.payable_cents - example.deposit_cents,
    )
    assert result.payable_cents == example.payable_cents
    assert result.worst_case_cents == example.worst_case_cents
    refused = {
        refusal.offer_id: (refusal.code, refusal.params.get("missing_cents")) for refusal in result.refused
    }
    assert refused == example.refused


def test_every_example_is_numbered_once_and_tested() -> None:
    assert sorted(sections(), key=_number) == [f"E{number}" for number in range(1, 56)]
    assert set(sections()) - set(PRICED) == {"E21", "E22", "E40", "E46", "E47", "E48", "E53", "E54", "E55"}


def test_every_rule_is_numbered_once() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rules = re.findall(r"^\*\*(R\d+) · ", text, flags=re.MULTILINE)
    assert sorted(rules, key=_number) == [f"R{number}" for number in range(1, 43)]


def _number(name: str) -> int:
    return int(name[1:])


def test_e22_the_orders_a_period_needs() -> None:
    (rows,) = tables(sections()["E22"])
    for row in rows:
        discounted, each = int(row["with discount"]), cents(row["discount each"])
        sums = DiscountSums(int(row["orders"]), discounted * each, discounted * each**2)
        assert needed_orders(sums) == int(row["needed"])


def test_e22_a_period_with_too_few_orders_is_refused_with_the_number_it_needs() -> None:
    assert too_few_orders(400, 386) is None
    assert too_few_orders(386, 386) is None
    refusal = too_few_orders(400, 1156)
    assert refusal is not None
    assert (refusal.code, refusal.found, refusal.needed) == ("too_few_orders", 400, 1156)


def test_the_interval_behind_the_rule_is_ten_percent_wide_at_the_needed_number() -> None:
    half = DiscountSums(386, 193 * 2000, 193 * 2000**2)
    assert half.mean_cents == 1000
    assert half.half_width_cents == 99
    assert (half + half).half_width_cents == 70
    assert DiscountSums(29, 29, 29).half_width_cents is None
    assert DiscountSums().mean_cents is None


def test_e40_what_goes_back_when_part_is_returned() -> None:
    given = priced_examples()["E4"]
    rows, steps = tables(sections()["E40"])
    paid = {row["line"]: cents(row["paid"]) for row in rows}
    basket = replace(
        given.basket,
        lines=tuple(
            replace(line, quantity=int(row["pieces"]), unit_price_cents=cents(row["unit price"]))
            for line, row in zip(given.basket.lines, rows, strict=True)
        ),
    )
    offers = (*given.offers, Offer("gift", Layer.GIFT, GIFT))
    result = quote(basket, offers, given.at)
    assert {line.line_id: line.payable_cents for line in result.lines} == paid

    before: dict[str, int] = {}
    for row in steps:
        back = refund(result, offers, {row["line"]: int(row["pieces back"])}, before)
        assert back.cents == cents(row["goes back"])
        assert [gift.offer_id for gift in back.gifts_due] == row["gift due back"].split()
        before[row["line"]] = before.get(row["line"], 0) + int(row["pieces back"])


def test_more_than_was_bought_cannot_come_back() -> None:
    example = priced_examples()["E4"]
    result = quote(example.basket, example.offers, example.at)
    for returned, code in (
        ({"A": 2}, "out_of_range"),
        ({"Z": 1}, "unknown_line"),
        ({"A": 0}, "out_of_range"),
    ):
        with pytest.raises(EngineError) as refused:
            refund(result, example.offers, returned)
        assert refused.value.code == code
    with pytest.raises(EngineError):
        refund(result, example.offers, {"A": 1}, {"A": 1})


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


@pytest.mark.parametrize("number", ["E46", "E47", "E48"])
def test_orders_are_settled_as_the_page_says(number: str) -> None:
    text = sections()[number]
    (rows,) = tables(text)
    terms = re.search(r"^Offer: (.+?)[.;] ", text, flags=re.MULTILINE)
    ends, at = re.search(r"ends ([\d-]+ [\d:]+)", text), re.search(r"Settled at ([\d-]+ [\d:]+)", text)
    assert terms and at
    window = Window(end=moment(ends[1]) if ends else None)
    offer = Offer("o", Layer.ITEM, mechanic_of(Layer.ITEM, terms[1]), window=window)
    orders = [
        PaidOrder(
            row["order"],
            row["buyer"],
            datetime.fromisoformat(row["at"]),
            cents(row["paid"]),
            moment(row.get("balance at", "")),
            cents(row.get("balance", "0")),
            row.get("joins", ""),
            (Goods(cents(row["unit price"]), int(row["pieces"])),) if "pieces" in row else (),
            cents(row.get("off", "0")),
            row.get("returned") == "yes",
        )
        for row in rows
    ]

    found = settle(offer, reversed(orders), datetime.fromisoformat(at[1]))

    assert [one.order_id for one in found.orders] == [row["order"] for row in rows]
    for one, row in zip(found.orders, rows, strict=True):
        told = (one.state, one.kept_cents, one.back_cents, one.open_cents)
        assert told == (row["state"], cents(row["kept"]), cents(row["back"]), cents(row.get("open", "0")))
        assert one.paid_cents == cents(row["paid"]) + cents(row.get("balance", "0"))
        assert one.group == row.get("group", "")
