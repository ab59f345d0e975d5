"""Who is in the segments that offers are for, and who has bought before: lists of persons beside the offers.

A checkout waits for its price, so nothing is counted then: whoever is above (`audiences.offer_lists`) keeps the lists
up to date, and a quote looks the buyer up. The numbers that a person had before a merge are looked up too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from laoke.customers.erasure import Traces
from laoke.customers.links import customers_of, person_of
from laoke.promotions import engine
from laoke.promotions.models import BuyerList, BuyerListMember, Offer
from laoke.shops.models import ApiToken, Shop

SEGMENT = "segment:"
"""What the audience of an offer for a segment begins with; the segment's number follows."""

BOUGHT = "bought"
"""The list of everybody who has paid for an order of the shop, as far as it knows."""

BY_HISTORY = (engine.FIRST_ORDER, engine.OLD_CUSTOMER)
_ASKING = ("coupons:quote", "coupons:use")


def segment_key(number: int) -> str:
    """The audience of offers for a segment."""
    return f"{SEGMENT}{number}"


def segment_number(audience: str) -> int | None:
    """The number of the segment that an audience names; None when it names none."""
    number = audience.removeprefix(SEGMENT)
    return int(number) if number != audience and number.isascii() and number.isdigit() else None


def segment_name(audience: str) -> str | None:
    """The name of the segment that an audience names, its number where no list of it is kept; None for others."""
    number = segment_number(audience)
    if number is None:
        return None
    name = BuyerList.objects.filter(key=audience).values_list("name", flat=True).first()
    return name or str(number)


def wanted_keys(shop: Shop, now: datetime) -> set[str]:
    """The lists that offers need that are not over: of each segment, and of old buyers where a checkout may ask."""
    rows = Offer.objects.filter(shop=shop, archived=False, ends_at__gt=now)
    audiences = {str(terms["audience"]) for terms in rows.values_list("terms", flat=True)}
    keys = {one for one in audiences if segment_number(one) is not None}
    if audiences.intersection(BY_HISTORY) and _may_be_asked(shop, now):
        keys.add(BOUGHT)
    return keys


def _may_be_asked(shop: Shop, now: datetime) -> bool:
    tokens = ApiToken.objects.filter(shop=shop, revoked_at=None, expires_at__gt=now)
    return any(scope in _ASKING for scopes in tokens.values_list("scopes", flat=True) for scope in scopes)


@dataclass(frozen=True)
class Standing:
    """What Laoke knows of the buyer of an order, where an offer asks: the lists by key, those that they are in.

    `known` is False for a buyer whom the request does not name or nobody has seen.
    """

    known: bool = False
    lists: Mapping[str, BuyerList] = field(default_factory=dict)
    within: frozenset[str] = frozenset()

    @property
    def has_bought(self) -> bool:
        """Whether the shop has an earlier order of the buyer."""
        return BOUGHT in self.within


def standing_of(shop: Shop, customer_id: int | None, offers: Iterable[engine.Offer]) -> Standing | None:
    """Whether the buyer is in the lists that these offers ask for; None when none of them asks for any."""
    audiences = {offer.audience for offer in offers if offer.audience}
    keys = {one for one in audiences if segment_number(one) is not None}
    if audiences.intersection(BY_HISTORY):
        keys.add(BOUGHT)
    if not keys:
        return None
    lists = {row.key: row for row in BuyerList.objects.filter(shop=shop, key__in=keys)}
    numbers = _numbers_of(shop, customer_id)
    usable = [row.pk for row in lists.values() if row.counted_at is not None and not row.error]
    members = BuyerListMember.objects.filter(of_id__in=usable, person_id__in=numbers) if numbers else None
    found = set() if members is None else set(members.values_list("of_id", flat=True))
    return Standing(bool(numbers), lists, frozenset(key for key, row in lists.items() if row.pk in found))


def _numbers_of(shop: Shop, customer_id: int | None) -> list[int]:
    """The numbers that a buyer's person has or had."""
    if customer_id is None:
        return []
    person = person_of(shop, customer_id)
    return [customer_id] if person is None else customers_of(shop, person)


def as_known(buyer: engine.Buyer, standing: Standing) -> engine.Buyer:
    """The buyer as the checkout tells it and Laoke knows it: in its segments, and old who has bought before (R39)."""
    groups = buyer.groups | {key for key in standing.within if key != BOUGHT}
    return replace(buyer, groups=groups, first_order=buyer.first_order and not standing.has_bought)


def told(
    quote: engine.Quote, asked: engine.Buyer, offers: Iterable[engine.Offer], standing: Standing
) -> None:
    """Write into a quote what Laoke decided of its buyer and why: a step of the trace, and refusals by segments."""
    if {offer.audience for offer in offers}.intersection(BY_HISTORY):
        quote.trace = (_history_step(asked, standing), *quote.trace)
    quote.refused = tuple(_explained(one, standing) for one in quote.refused)


def _history_step(asked: engine.Buyer, standing: Standing) -> engine.TraceStep:
    """Whose word on the buyer's first order counted."""
    if not standing.has_bought:
        code = "first_order_believed" if standing.known else "first_order_unknown"
    elif asked.first_order:
        code = "first_order_overruled"
    else:
        code = "old_customer_known"
    return engine.TraceStep("R39", code, {"claimed": "first" if asked.first_order else "old"}, 0)


def _explained(refusal: engine.Refusal, standing: Standing) -> engine.Refusal:
    """A refusal by a segment with why the buyer is not in it (R40)."""
    key = str(refusal.params.get("audience", ""))
    if refusal.code != "not_in_audience" or segment_number(key) is None:
        return refusal
    code, params = why_not(key, standing)
    return engine.Refusal(refusal.offer_id, code, params)


def why_not(key: str, standing: Standing) -> tuple[str, dict[str, int | str]]:
    """Why a buyer is not in the segment of an audience, as the engine's code and figures."""
    row = standing.lists.get(key)
    params: dict[str, int | str] = {"audience": key, "segment": row.name if row else key}
    if row is not None and row.error:
        return "segment_broken", params
    if row is None or row.counted_at is None:
        return "segment_not_counted", params
    if not standing.known:
        return "buyer_unknown", params
    return "not_in_segment", params | {"counted": f"{row.counted_at:%Y-%m-%d %H:%M}"}


def forget_people(shop: Shop, traces: Traces, now: datetime) -> int:
    """Take an erased person off every list of the owner's shops; how many entries went."""
    del now  # as every forgetter is called
    rows = BuyerListMember.objects.filter(of__shop__owner_id=shop.owner_id, person_id__in=traces.people)
    return rows.delete()[0]
