"""A campaign's rows and facts as the plain plan that its launch checks read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from laoke.campaigns.gates import protection_days
from laoke.campaigns.launch import (
    Carried,
    CouponTerms,
    Dealt,
    Draw,
    OtherOffer,
    OtherPrice,
    Plan,
    Planned,
    Priced,
    Prize,
    Protection,
    Said,
    Ware,
    protection_of,
)
from laoke.campaigns.launch.prices import claimed_items
from laoke.campaigns.models import (
    Campaign,
    CampaignOffer,
    CampaignState,
    PageWords,
    PriceSheet,
    RoundState,
)
from laoke.campaigns.price_facts import only_wanted, price_facts
from laoke.campaigns.price_sheets import items_of, newest, terms_of
from laoke.customers.models import MemberLevel
from laoke.promotions.backtesting import orders_until
from laoke.promotions.engine import Layer, ThresholdGift, offer_to_dict
from laoke.promotions.facts import day_number, reader_at
from laoke.promotions.ladder import Item, Key, Terms, price_item
from laoke.promotions.models import CouponIssue, Offer
from laoke.promotions.offers import offer_value
from laoke.promotions.rewards.lottery_models import Lottery
from laoke.shops import catalog
from laoke.shops.models import Shop

# The titles of a sheet are read as one text, but no word may form across two of them.
BETWEEN_TITLES = "。"


def plan_of(campaign: Campaign, now: datetime) -> Plan:
    """Everything that speaks of this campaign, as it is now.

    Offers that are over and that no round waits to carry are left out: thanks after the sale are not kept back by them.
    """
    carried = _still_carried(campaign, now)
    links = [
        link
        for link in campaign.campaign_offers.select_related("offer", "backtest").order_by("pk")
        if link.offer.ends_at > now or link.offer_id in carried
    ]
    planned = [_planned(link, campaign, carried, now) for link in links]
    sheet = PriceSheet.objects.filter(campaign=campaign).first()
    wares = _wares(campaign.shop)
    priced = _priced(campaign.shop, planned, sheet, wares, now.date())
    starts_at = selling_from(campaign, [link.offer for link in links], sheet)
    until = orders_until(campaign.shop)
    return Plan(
        starts_at,
        campaign.ends_at,
        tuple(planned),
        tuple(_said(campaign, planned, priced)),
        tuple(_coupons(links)),
        wares=tuple(_with_deals(campaign.shop, wares, planned, starts_at, now.date())),
        priced=tuple(priced),
        rounds=tuple(
            Carried(row.title, row.segment_text, row.offer_id)
            for row in campaign.rounds.exclude(state=RoundState.CANCELLED)
        ),
        others=tuple(_others(campaign, links)),
        other_prices=tuple(_other_prices(campaign, starts_at)),
        levels=frozenset(MemberLevel.objects.filter(shop=campaign.shop).values_list("name", flat=True)),
        orders_until=until,
        protection=_protection(campaign.shop, priced, starts_at, until),
        draws=tuple(_draws(campaign, starts_at)),
    )


def _draws(campaign: Campaign, starts_at: datetime) -> Iterator[Draw]:
    """The lotteries and scratch cards of the shop that run in the days of the campaign."""
    rows = Lottery.objects.filter(
        shop=campaign.shop, over_at=None, starts_at__lt=campaign.ends_at, ends_at__gt=starts_at
    )
    for row in rows.prefetch_related("prizes").order_by("pk"):
        prizes = tuple(
            # Of scratch cards the odds are in the pile: so many prizes among so many cards.
            Prize(
                one.title,
                one.value_cents,
                one.odds_ppm or one.stock * 1_000_000 // max(row.cards, 1),
                one.stock,
            )
            for one in row.prizes.all()
        )
        yield Draw(row.name, row.organiser, row.starts_at, row.ends_at, prizes)


def selling_from(campaign: Campaign, offers: Sequence[Offer], sheet: PriceSheet | None) -> datetime:
    """When its prices begin to hold: the warm-up before is no sale. Without an offer or a price, its day."""
    starts = [offer.starts_at for offer in offers] + ([sheet.starts_at] if sheet is not None else [])
    return min(starts, default=datetime.combine(campaign.day, time()))


def _still_carried(campaign: Campaign, now: datetime) -> dict[int, datetime]:
    """By offer, when the last of the rounds opens that carry it and may still go."""
    waiting = campaign.rounds.filter(state__in=(RoundState.DRAFT, RoundState.FROZEN), closes_at__gt=now)
    rows = waiting.filter(offer__isnull=False)
    return {row.offer_id: row.opens_at for row in rows.order_by("opens_at") if row.offer_id is not None}


def _planned(
    link: CampaignOffer, campaign: Campaign, carried: Mapping[int, datetime], now: datetime
) -> Planned:
    row = link.offer
    told_at = max(carried.get(row.pk, campaign.starts_at), campaign.starts_at)
    over = row.archived or row.ends_at <= max(told_at, now)
    return Planned(row.pk, offer_value(row), over, _seen(link, "gift_pieces"))


def _seen(link: CampaignOffer, figure: str) -> int | None:
    """A figure of the offer in the backtest that was seen, unless the offer changed since or it proves nothing."""
    test = link.backtest
    if test is None or test.created_at < link.offer.updated_at or test.result.get("refused"):
        return None
    for one in test.result.get("offers", []):
        if one["offer_id"] == link.offer.terms["offer_id"]:
            return int(one.get(figure, 0))
    return None


def _wares(shop: Shop) -> list[Ware]:
    entry = catalog.current()
    if entry is None:
        return []
    rows = reader_at(entry).remembered("priced_goods", shop_id=shop.pk).to_pylist()
    return [
        Ware(row["product_id"], row["title"], row["category"], row["list_price_cents"] or None, row["stock"])
        for row in rows
    ]


def _with_deals(
    shop: Shop, wares: Sequence[Ware], planned: Iterable[Planned], starts_at: datetime, today: date
) -> list[Ware]:
    """The wares; those that are given away with what they were sold for last."""
    given = {
        choice.product_id
        for one in planned
        if isinstance(one.offer.mechanic, ThresholdGift)
        for step in one.offer.mechanic.steps
        for choice in step.choices
    }
    items = [Item(ware.product_id, ware.title, 1) for ware in wares if ware.product_id in given]
    if not items:
        return list(wares)
    facts = price_facts(shop, starts_at, items, today)
    last = {one.product_id: facts.of(one).last_cents for one in items}
    return [
        Ware(one.product_id, one.title, one.category, one.list_cents, one.stock, last.get(one.product_id))
        for one in wares
    ]


def _priced(
    shop: Shop, planned: Iterable[Planned], sheet: PriceSheet | None, wares: Sequence[Ware], today: date
) -> list[Priced]:
    found = []
    if sheet is not None and not sheet.archived:
        version = newest(sheet)
        found.append(
            _measured(shop, f"sheet:{sheet.pk}", sheet.name, items_of(version), terms_of(version),
                      sheet.starts_at, today, str(sheet.starts_at), is_sheet=True)
        )  # fmt: skip
    for one in planned:
        starts_at = one.offer.window.start
        if one.offer.layer is not Layer.ITEM or starts_at is None:
            continue
        if items := claimed_items(one.offer, wares):
            found.append(
                _measured(shop, f"offer:{one.number}", one.offer.name, items, Terms(), starts_at, today,
                          offer_to_dict(one.offer))
            )  # fmt: skip
    return found


def _measured(
    shop: Shop,
    subject: str,
    about: str,
    items: Sequence[Item],
    terms: Terms,
    starts_at: datetime,
    today: date,
    holds: Any,
    *,
    is_sheet: bool = False,
) -> Priced:
    facts = price_facts(shop, starts_at, items, today)
    priced = tuple(price_item(one, facts.of(one), terms) for one in items)
    return Priced(subject, about, priced, terms, is_sheet, holds)


def _said(campaign: Campaign, planned: Iterable[Planned], priced: Iterable[Priced]) -> Iterable[Said]:
    yield Said("name", "", campaign.name)
    yield Said("theme", "", campaign.theme)
    page = PageWords.objects.filter(campaign=campaign).first()
    if page is not None:
        yield Said("page", "", page.words)
    for one in planned:
        yield Said("offer", one.offer.name, one.offer.name)
        if isinstance(one.offer.mechanic, ThresholdGift):
            titles = {choice.title for step in one.offer.mechanic.steps for choice in step.choices}
            yield Said("gift", one.offer.name, BETWEEN_TITLES.join(sorted(titles)))
    for issue in CouponIssue.objects.filter(offer__in=[one.number for one in planned]).order_by("pk"):
        yield Said("coupon", issue.name, issue.name)
    for group in priced:
        if group.is_sheet:
            yield Said("item", group.about, BETWEEN_TITLES.join(one.item.title for one in group.items))
    # What has gone cannot be mended.
    for row in campaign.rounds.filter(state__in=(RoundState.DRAFT, RoundState.FROZEN)):
        if row.body:
            yield Said("round", row.title, row.body)


def _coupons(links: Sequence[CampaignOffer]) -> Iterable[CouponTerms]:
    by_offer = {link.offer_id: link for link in links}
    for issue in CouponIssue.objects.filter(offer__in=list(by_offer)).order_by("pk"):
        yield CouponTerms(
            issue.pk, issue.name, issue.offer_id, issue.total_limit, issue.made, issue.per_person_limit,
            issue.budget_cents, issue.taken_cents, issue.valid_from, issue.valid_to,
            issue.stopped_at is not None, _seen(by_offer[issue.offer_id], "discount_cents"),
            issue.days_after_claim,
        )  # fmt: skip


def _others(campaign: Campaign, links: Sequence[CampaignOffer]) -> Iterable[OtherOffer]:
    """Offers of the shop that run while one of the campaign's does; those of cancelled campaigns only do not."""
    if not links:
        return
    starts, ends = min(link.offer.starts_at for link in links), max(link.offer.ends_at for link in links)
    rows = Offer.objects.filter(shop=campaign.shop, archived=False, starts_at__lt=ends, ends_at__gt=starts)
    rows = rows.exclude(pk__in=[link.offer_id for link in links]).order_by("pk")
    users: dict[int, list[Campaign]] = {}
    for link in CampaignOffer.objects.filter(offer__in=rows).select_related("campaign").order_by("pk"):
        users.setdefault(link.offer_id, []).append(link.campaign)
    for row in rows:
        used = users.get(row.pk, [])
        live = [one for one in used if one.state != CampaignState.CANCELLED]
        if used and not live:
            continue
        yield OtherOffer(row.pk, offer_value(row), live[0].name if live else "")


def _other_prices(campaign: Campaign, starts_at: datetime) -> Iterable[OtherPrice]:
    """Prices of other campaigns' sheets that hold in the days of this one."""
    sheets = PriceSheet.objects.filter(
        shop=campaign.shop, archived=False, starts_at__lt=campaign.ends_at, campaign__ends_at__gt=starts_at
    )
    others = sheets.exclude(campaign=campaign).exclude(campaign__state=CampaignState.CANCELLED)
    for sheet in others.order_by("pk"):
        for item in items_of(newest(sheet)):
            yield OtherPrice(sheet.name, item.key, item.price_cents)


def _protection(
    shop: Shop, priced: Iterable[Priced], starts_at: datetime, until: date | None
) -> Protection | None:
    """Who bought within the shop's days before the start; the days that are known already."""
    prices: dict[Key, tuple[str, int]] = {}
    for group in priced:
        for one in group.items:
            item = one.item
            held = prices.get(item.key)
            if held is None or item.price_cents < held[1]:
                prices[item.key] = (item.title or item.product_id, item.price_cents)
    days, entry = protection_days(shop), catalog.current()
    if not prices or not days or entry is None or until is None:
        return None
    first = starts_at.date() - timedelta(days=days)
    last = min(until, starts_at.date() - timedelta(days=1))
    if last < first:
        return None
    table = reader_at(entry).remembered(
        "protected_deals", shop_id=shop.pk, from_day=day_number(first), to_day=day_number(last)
    )
    dealt = (
        Dealt(
            Key.of(row["product_id"], row["sku"], row["own_title"]),
            row["person_id"],
            row["deal_cents"],
            row["units"],
        )
        for row in only_wanted(table, set(prices), "own_title").to_pylist()
    )
    return protection_of(prices, dealt, days, first, last)
