"""优惠券: a coupon of the shop or of some goods. Its interface writes in yuan and is read in cents."""

from __future__ import annotations

from collections.abc import Iterator

from laoke.promotions.engine import Offer, ShopCoupon
from laoke.promotions.setup.fields import choice, count, fen, in_yuan, named, times
from laoke.promotions.setup.goods import covered, items_of
from laoke.promotions.setup.limits import limit
from laoke.promotions.setup.values import Activity, Field, Finding, Standing, Tool

CENTS = 100


def coupon_activities(offer: Offer, coupon: ShopCoupon, standing: Standing) -> tuple[Activity, ...]:
    """One coupon: for the whole shop, or for the goods that it covers."""
    whole = offer.reach.is_all
    fields = [
        choice("coupon_kind", "shop_coupon" if whole else "item_coupon"),
        named(offer),
        fen("face", coupon.face_cents),
        in_yuan("threshold", coupon.threshold_cents, "condition"),
        *times(offer.window.start, offer.window.end),
        *_numbers(offer, standing),
    ]
    items = () if whole else items_of(covered(offer, standing))
    return (Activity(tuple(fields), items, whole),)


def _numbers(offer: Offer, standing: Standing) -> Iterator[Field]:
    if standing.planned_issued is not None:
        yield count("issued", standing.planned_issued, "total_count")
    if offer.limits.per_person is not None:
        yield count("per_person", offer.limits.per_person, "person_limit_count")
    else:
        yield choice("per_person", "no_limit")


def coupon_findings(offer: Offer, coupon: ShopCoupon, standing: Standing) -> Iterator[Finding]:
    """What the interface takes is known, what the back office takes by hand is not confirmed: both are told."""
    yield from _face(coupon)
    yield from _threshold(coupon)
    yield from _days(offer)
    yield from _per_person(offer)
    bound, live = limit("coupon_live"), standing.live.get(Tool.COUPON, 0)
    if live >= bound.top:
        yield bound.found("coupon_live", "bad", found=live, most=bound.top)
    if standing.planned_issued is None:
        yield Finding("coupon_issued", "warn", "", {})
    if not coupon.must_hold:
        yield Finding("coupon_claimed", "warn", "", {})


def _face(coupon: ShopCoupon) -> Iterator[Finding]:
    api, manual = limit("coupon_faces_api"), limit("coupon_face_manual")
    yuan, cents = divmod(coupon.face_cents, CENTS)
    if cents or not api.takes(yuan):
        yield api.found("coupon_face_api", "note", found_cents=coupon.face_cents, values=api.values)
    if cents or not manual.takes(yuan):
        params = {"found_cents": coupon.face_cents, "least": manual.least, "most": manual.top}
        yield manual.found("coupon_face_manual", "warn", **params)


def _threshold(coupon: ShopCoupon) -> Iterator[Finding]:
    params = {"found_cents": coupon.threshold_cents, "face_cents": coupon.face_cents}
    if coupon.threshold_cents <= coupon.face_cents:
        yield Finding("coupon_threshold", "warn", "unverified", params)
    if coupon.threshold_cents % CENTS:
        yield Finding("coupon_threshold_cents", "warn", "primary", params)


def _days(offer: Offer) -> Iterator[Finding]:
    bound, start, end = limit("coupon_days_manual"), offer.window.start, offer.window.end
    if start is None or end is None:
        return
    days = -(-(end - start).total_seconds() // 86_400)
    if not bound.takes(int(days)):
        yield bound.found("coupon_days", "warn", found=int(days), most=bound.top)


def _per_person(offer: Offer) -> Iterator[Finding]:
    """Told where either way does not take the number: the interface has no 'no limit', the back office few numbers."""
    api, manual = limit("coupon_per_person_api"), limit("coupon_per_person_manual")
    found = offer.limits.per_person
    params = {"found": found or 0, "most": api.top, "values": manual.values}
    if found is not None and not api.takes(found):
        yield api.found("coupon_per_person", "bad", **params)
    elif found is None:
        yield api.found("coupon_per_person", "note", **params)
    elif not manual.takes(found):
        yield manual.found("coupon_per_person", "note", **params)
