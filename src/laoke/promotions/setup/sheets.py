"""The set-up sheet of one offer: its tool, what to fill in, and what speaks against it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import assert_never

from laoke.promotions import engine
from laoke.promotions.engine import Offer
from laoke.promotions.engine.terms import mechanic_name
from laoke.promotions.setup.coupon_sheet import coupon_activities, coupon_findings
from laoke.promotions.setup.goods import covered
from laoke.promotions.setup.item_sheet import item_activities, item_findings
from laoke.promotions.setup.limits import limit
from laoke.promotions.setup.other_sheets import (
    bundle_activities,
    bundle_findings,
    member_activities,
    member_findings,
)
from laoke.promotions.setup.shop_sheet import shop_activities, shop_findings
from laoke.promotions.setup.tools import NEAREST, tool_of
from laoke.promotions.setup.values import FINDINGS, Activity, Finding, Sheet, Standing, Tool


def sheet_of(offer: Offer, standing: Standing, now: datetime) -> Sheet:
    """What to set up for an offer on Taobao or Tmall at `now`, shop time. Findings come in the order of their codes."""
    tool = tool_of(offer)
    activities = _activities(offer, tool, standing)
    found = [*_general(offer, tool, standing, now), *_special(offer, tool, standing, activities)]
    order = list(FINDINGS)
    return Sheet(tool, activities, tuple(sorted(found, key=lambda one: order.index(one.code))))


def _activities(offer: Offer, tool: Tool, standing: Standing) -> tuple[Activity, ...]:
    mechanic = offer.mechanic
    match tool:
        case Tool.ITEM:
            return item_activities(offer, standing)
        case Tool.SHOP:
            return shop_activities(offer, standing)
        case Tool.BUNDLE:
            assert isinstance(mechanic, engine.SetBundle)
            return bundle_activities(offer, mechanic, standing)
        case Tool.COUPON:
            assert isinstance(mechanic, engine.ShopCoupon)
            return coupon_activities(offer, mechanic, standing)
        case Tool.MEMBER:
            assert isinstance(mechanic, engine.MemberPrice)
            return member_activities(offer, mechanic)
        case Tool.PLATFORM | Tool.NONE:
            return ()
        case _:
            assert_never(tool)


def _special(
    offer: Offer, tool: Tool, standing: Standing, activities: tuple[Activity, ...]
) -> Iterator[Finding]:
    mechanic = offer.mechanic
    if tool is Tool.ITEM:
        yield from item_findings(offer, standing, activities)
    elif tool is Tool.SHOP:
        yield from shop_findings(offer)
    elif isinstance(mechanic, engine.SetBundle):
        yield from bundle_findings(mechanic)
    elif tool is Tool.COUPON and isinstance(mechanic, engine.ShopCoupon):
        yield from coupon_findings(offer, mechanic, standing)
    elif isinstance(mechanic, engine.MemberPrice):
        yield from member_findings(offer, mechanic)


def _general(offer: Offer, tool: Tool, standing: Standing, now: datetime) -> Iterator[Finding]:
    name = mechanic_name(offer.mechanic)
    if tool is Tool.NONE:
        yield Finding("no_tool", "bad", "", {"mechanic": name, "nearest": NEAREST.get(name, "")})
    elif tool is Tool.PLATFORM:
        yield Finding("platform_signs_up", "note", "", {"layer": offer.layer.value})
    if offer.window.end is not None and offer.window.end <= now:
        yield Finding("over", "note", "", {"end": offer.window.end})
    if not tool.is_sellers:
        return
    if offer.audience:
        params = {"found": offer.audience, "send": limit("coupon_send").top if tool is Tool.COUPON else 0}
        yield Finding("audience", "bad", "primary", params)
    if tool in (Tool.SHOP, Tool.BUNDLE, Tool.MEMBER) and offer.limits.per_person is not None:
        yield Finding("per_person_unknown", "warn", "primary", {"found": offer.limits.per_person})
    named_goods = tool in (Tool.ITEM, Tool.BUNDLE) or (tool is not Tool.MEMBER and not offer.reach.is_all)
    if named_goods and not covered(offer, standing):
        yield Finding("goods_unknown", "bad", "", {"categories": tuple(sorted(offer.scope.categories))})
