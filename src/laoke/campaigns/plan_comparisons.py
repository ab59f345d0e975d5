"""Up to five plans on the same past orders, kept with a campaign; and which past a campaign is compared with.

ComparisonRefused    `none`, `too_many`, `other_days` (backtests of different periods), `no_change` (the offer has
                     no step or rate that could be varied)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from django.db import transaction

from laoke.audiences import trends
from laoke.audiences.counting import members
from laoke.audiences.models import Segment
from laoke.audiences.offer_lists import SegmentBroken, tree_to_offer
from laoke.audiences.readings import NotReady
from laoke.audiences.slow_counts import SHOWN, on_page
from laoke.campaigns.models import Campaign, CampaignState, PlanComparison, PriceSheet
from laoke.campaigns.price_sheets import terms_of
from laoke.promotions import engine
from laoke.promotions.backtesting import (
    LIMITS_OF,
    PricedPlans,
    Told,
    keep_plans,
    price_plans,
    replayed_terms,
    usual_period,
)
from laoke.promotions.buyer_lists import segment_number
from laoke.promotions.deepening import SegmentPeople
from laoke.promotions.depth.net import CostTerms
from laoke.promotions.models import Backtest, Offer
from laoke.promotions.offers import offer_value
from laoke.promotions.past_segments import SegmentThen
from laoke.shops import audit, catalog
from laoke.shops.clock import Clock
from laoke.shops.models import CatalogEntry, Shop, User
from laoke.warehouse.limits import TooLong

MOST_VARIANTS = 5
MOST_SEGMENTS = 8
# What a backtest is worked out from; a new version of one of these may change it.
READ = ("orders", "order_lines", "products", "order_flags", "person_map")
VARIED = ("threshold_discount", "shop_coupon", "percent_off")

Plan = Sequence[Offer | Mapping[str, Any]]
Done = Callable[[PlanComparison], None]


class ComparisonRefused(Exception):
    """A comparison that cannot be made; `code` as above."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class PastWindow:
    """Days to replay and how they were found: those of the last campaign of the same playbook (`name`), the days
    around the same day of an earlier year, or the last days that are known."""

    first: date
    last: date
    how: Literal["campaign", "same_days", "last_days"]
    name: str = ""


def comparable_window(
    shop: Shop, campaign: Campaign | None, today: date, known_until: date | None
) -> PastWindow:
    """The past that a campaign is compared with when nobody names one. `known_until` is the day of the newest order."""
    last = min(today - timedelta(days=1), known_until or today)
    if campaign is not None:
        found = (
            Campaign.objects.filter(shop=shop, playbook=campaign.playbook, starts_at__lt=campaign.starts_at)
            .exclude(state=CampaignState.CANCELLED)
            .exclude(pk=campaign.pk)
            .order_by("-starts_at", "-pk")
        )
        for before in found[:20]:
            first_day, last_day = _days(before)
            if last_day <= last:
                return PastWindow(first_day, last_day, "campaign", before.name)
        return PastWindow(*usual_period(today, campaign.day, known_until), "same_days")
    return PastWindow(*usual_period(today, None, known_until), "last_days")


def _days(campaign: Campaign) -> tuple[date, date]:
    """The first and the last day of a campaign; one that ends at midnight does not touch the day that begins then."""
    return campaign.starts_at.date(), (campaign.ends_at - timedelta(microseconds=1)).date()


def usual_terms(shop: Shop, campaign: Campaign | None) -> CostTerms:
    """The fee of the campaign's price sheet, else of the shop's newest; zero without one.

    No postage: a sheet holds what sending a piece costs, and what buyers pay of it nobody knows before the orders are
    chosen. Here it is what an order costs beyond that, so a person states it.
    """
    sheets = PriceSheet.objects.filter(shop=shop, archived=False)
    sheet = sheets.filter(campaign=campaign).first() if campaign is not None else None
    sheet = sheet or sheets.order_by("-pk").first()
    version = sheet.versions.order_by("-number").first() if sheet is not None else None
    if version is None:
        return CostTerms()
    return CostTerms(terms_of(version).fee_bp)


def segments_of(shop: Shop, numbers: Iterable[int], today: date) -> list[SegmentPeople]:
    """The people that these segments of the shop hold today, by the order of their numbers.

    Raises
    ------
    FilterError, TreeError
        for a segment that names one which is gone.
    """
    rows = Segment.objects.filter(shop=shop, archived=False, pk__in=list(numbers)).order_by("pk")
    return [
        SegmentPeople(row.name, members(shop, row.text, today)["person_id"].to_numpy())
        for row in rows[:MOST_SEGMENTS]
    ]


def people_then(
    shop: Shop, plans: Iterable[Plan], first: date, last: date, today: date
) -> dict[str, SegmentThen]:
    """Who was in the segments that offers of these plans are for, by audience. Left out is a segment that cannot be
    counted, or not as soon as a page needs it: a backtest says of it that nobody knows."""
    found = {}
    for audience in {_audience(one) for plan in plans for one in plan}:
        number = segment_number(audience)
        row = Segment.objects.filter(shop=shop, pk=number).first() if number is not None else None
        if row is None:
            continue
        try:
            with on_page(SHOWN):
                node = tree_to_offer(shop, row.text)
                found[audience] = trends.people_then(shop, node, first, last, today)
        except (SegmentBroken, NotReady, TooLong):
            continue
    return found


def _audience(one: Offer | Mapping[str, Any]) -> str:
    return str((one.terms if isinstance(one, Offer) else one).get("audience") or "")


def plan_of(one: Backtest) -> list[Offer | Mapping[str, Any]]:
    """The offers of a backtest as they were: the stored rows where they still say the same."""
    return plan_told(one.offers)


def plan_told(offers: Iterable[Mapping[str, Any]]) -> list[Offer | Mapping[str, Any]]:
    """Offers as JSON with the number of their `row`: the row where it still says the same, else the terms."""
    offers = list(offers)
    rows = Offer.objects.in_bulk([offer["row"] for offer in offers if offer.get("row")])
    plan: list[Offer | Mapping[str, Any]] = []
    for told in offers:
        given = replayed_terms(told)
        row = rows.get(told.get("row"))
        if row is not None and engine.offer_to_dict(offer_value(row)) == given:
            plan.append(row)
        else:
            plan.append(_limited(given, told))
    return plan


def _limited(given: dict[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Terms that are no stored offer's, under the limits of the coupons of the offer that they come from."""
    limits_of = told.get("row") or told.get(LIMITS_OF)
    return given | {LIMITS_OF: limits_of} if limits_of else given


def varied(
    one: Backtest, offer_id: str, figures: Sequence[int], name: str, step: int = 0
) -> list[Offer | Mapping[str, Any]]:
    """The plan of a backtest with one offer changed: (threshold, off) in cents of a 满减 or coupon, or the rate in
    ten-thousandths of a discount. Of a 满减 with several steps the one of that place is changed, the others stay.

    Raises
    ------
    ComparisonRefused
        `no_change`.
    """
    plan, changed = plan_of(one), False
    for place, told in enumerate(one.offers):
        if told["offer_id"] != offer_id or told["mechanic"] not in VARIED:
            continue
        given = deepcopy(replayed_terms(told))
        if len(figures) != (1 if told["mechanic"] == "percent_off" else 2):
            raise ComparisonRefused("no_change")
        given["name"] = name
        _change(given, figures, step)
        plan[place], changed = _limited(given, told), True
    if not changed:
        raise ComparisonRefused("no_change")
    return plan


def _change(given: dict[str, Any], figures: Sequence[int], step: int) -> None:
    terms = given["terms"]
    if not 0 <= step < len(steps_of(given) or [given]):
        raise ComparisonRefused("no_change")
    if given["mechanic"] == "percent_off":
        terms["pay_bp"] = figures[0]
    elif given["mechanic"] == "shop_coupon":
        terms |= {"threshold_cents": figures[0], "face_cents": figures[1]}
    else:
        terms["steps"][step] |= {"threshold_cents": figures[0], "off_cents": figures[1]}


def steps_of(told: Mapping[str, Any]) -> list[dict[str, int]]:
    """The steps of a 满减 of a stored backtest, `threshold_cents` and `off_cents` each; none of another offer."""
    return told["terms"]["steps"] if told["mechanic"] == "threshold_discount" else []


def comparable(
    first: Backtest, others: Sequence[Backtest], variations: Sequence[tuple[str, Plan]]
) -> list[tuple[str, Plan]]:
    """The plans that stand side by side, with their names, if they may.

    Raises
    ------
    ComparisonRefused
        `none`, `too_many`, `other_days`.
    """
    given = [first, *others]
    if len(given) + len(variations) < 2:
        raise ComparisonRefused("none")
    if len(given) + len(variations) > MOST_VARIANTS:
        raise ComparisonRefused("too_many")
    if any((one.period_from, one.period_to) != (first.period_from, first.period_to) for one in given):
        raise ComparisonRefused("other_days")
    return [*((title_of(one), plan_of(one)) for one in given), *variations]


def compare(
    shop: Shop,
    name: str,
    first: Backtest,
    others: Sequence[Backtest],
    variations: Sequence[tuple[str, Plan]],
    *,
    campaign: Campaign | None,
    by: User | None,
    clock: Clock,
    told: Told | None = None,
    done: Done | None = None,
) -> PlanComparison:
    """Put plans side by side on the days of `first`: other backtests, and variations that are priced now.

    What was priced at older facts is priced again, so that every column tells of the same orders. `told` hears how far
    it is; `done` is called in the transaction that makes the comparison.

    Raises
    ------
    ComparisonRefused
        `none`, `too_many`, `other_days`.
    OfferRefused
        when the offers of a variation do not go together.
    """
    plans = comparable(first, others, variations)
    priced = _priced(shop, first, plans, told, clock)
    with transaction.atomic():
        made = _kept(priced, plans, by, clock)
        row = PlanComparison.objects.create(
            shop=shop, campaign=campaign, name=name[:80], variants=made, catalog_ref=_entry_of(made),
            created_by=by, created_at=clock.now(),
        )  # fmt: skip
        audit.record(
            "backtest.compare", shop=shop, actor=by, at=clock.now(), subject=name[:200], count=len(made)
        )
        if done is not None:
            done(row)
    return row


def again(
    row: PlanComparison,
    *,
    by: User | None,
    clock: Clock,
    told: Told | None = None,
    done: Done | None = None,
) -> None:
    """Price every variant on the facts of now; the row then tells of these. `told` and `done` as in `compare`."""
    variants = variants_of(row)
    plans = [(name, plan_of(one)) for name, one in variants]
    priced = _priced(row.shop, variants[0][1], plans, told, clock)
    with transaction.atomic():
        made = _kept(priced, plans, by, clock)
        row.variants, row.catalog_ref = made, _entry_of(made)
        row.created_by, row.created_at = by, clock.now()
        row.save(update_fields=["variants", "catalog_ref", "created_by", "created_at"])
        audit.record(
            "backtest.compare", shop=row.shop, actor=by, at=clock.now(), subject=row.name, count=len(made)
        )
        if done is not None:
            done(row)


def _priced(
    shop: Shop, first: Backtest, named: Sequence[tuple[str, Plan]], told: Told | None, clock: Clock
) -> PricedPlans:
    depth = getattr(first, "depth", None)
    terms = CostTerms(**depth.facts["terms"]) if depth is not None else None
    days, plans = (first.period_from, first.period_to), [plan for _, plan in named]
    then = people_then(shop, plans, *days, clock.today())
    return price_plans(shop, plans, *days, terms=terms, then=then, told=told)


def _kept(
    priced: PricedPlans, plans: Sequence[tuple[str, Plan]], by: User | None, clock: Clock
) -> list[dict[str, Any]]:
    made = keep_plans(priced, by=by, clock=clock)
    return [{"name": name[:120], "backtest": one.pk} for (name, _), one in zip(plans, made, strict=True)]


def _entry_of(made: Sequence[Mapping[str, Any]]) -> int:
    return Backtest.objects.get(pk=made[0]["backtest"]).catalog_ref


def title_of(one: Backtest) -> str:
    """A plan by the names of its offers."""
    return " + ".join(offer["name"] for offer in one.offers)


def variants_of(row: PlanComparison) -> list[tuple[str, Backtest]]:
    """Name and backtest of each variant, in their order."""
    found = Backtest.objects.select_related("depth").in_bulk([one["backtest"] for one in row.variants])
    return [(one["name"], found[one["backtest"]]) for one in row.variants if one["backtest"] in found]


def changed_since(catalog_ref: int) -> CatalogEntry | None:
    """The newest catalog entry, when the facts of backtests changed after that entry; else None."""
    now, then = catalog.current(), CatalogEntry.objects.filter(pk=catalog_ref).first()
    if now is None or now.pk == catalog_ref:
        return None
    before = then.versions if then is not None else {}
    return now if any(now.versions.get(name) != before.get(name) for name in READ) else None
