"""搭配宝 (sets of goods) and 会员折扣 (rates by member level)."""

from __future__ import annotations

from collections.abc import Iterator

from laoke.promotions.engine import MemberPrice, Offer, SetBundle
from laoke.promotions.setup.fields import PERMILLE, count, fen, named, rate, times
from laoke.promotions.setup.limits import limit
from laoke.promotions.setup.values import Activity, Field, Finding, SheetItem, Standing

# The levels that the platform knows, the lowest first.
PLATFORM_LEVELS = ("普通会员", "高级会员", "VIP", "至尊VIP")


def bundle_activities(offer: Offer, bundle: SetBundle, standing: Standing) -> tuple[Activity, ...]:
    """The set with its price; what its goods are called is taken from the product list."""
    titles = {one.product_id: one.title for one in standing.products}
    pieces = tuple(
        count("set_piece", part.pieces, step=place)
        for place, part in enumerate(bundle.parts, 1)
        if part.pieces > 1
    )
    fields = (
        named(offer),
        *times(offer.window.start, offer.window.end),
        fen("set_price", bundle.price_cents),
        *pieces,
    )
    items = tuple(SheetItem(part.product_id, titles.get(part.product_id, "")) for part in bundle.parts)
    return (Activity(fields, items),)


def bundle_findings(bundle: SetBundle) -> Iterator[Finding]:
    """No source says what the tool takes: that is told, and nothing is checked by numbers that nobody has seen."""
    yield Finding("bundle_unknown", "warn", "unverified", {"found": len(bundle.parts)})
    if bundle.most_times is not None:
        yield Finding("shop_most_times", "warn", "unverified", {"found": bundle.most_times})


def member_activities(offer: Offer, member: MemberPrice) -> tuple[Activity, ...]:
    """A rate for each level; the tool knows neither goods nor times."""
    fields: list[Field] = []
    for place, level in enumerate(member.ranked, 1):
        fields.append(Field("level", "text", level.group, step=place))
        fields.append(rate("rate", level.pay_bp, "discount", place))
    return (Activity(tuple(fields), whole_shop=True),)


def member_findings(offer: Offer, member: MemberPrice) -> Iterator[Finding]:
    """Levels and rates that the platform knows, and that its rates hold for the whole shop and without end."""
    bound = limit("member_rate")
    strange = tuple(level.group for level in member.ranked if level.group not in PLATFORM_LEVELS)
    if strange:
        yield Finding("member_level", "bad", "primary", {"found": strange, "values": PLATFORM_LEVELS})
    for level in member.ranked:
        if level.pay_bp < (bound.least or 0) * PERMILLE:
            params = {
                "found_bp": level.pay_bp,
                "least_bp": (bound.least or 0) * PERMILLE,
                "level": level.group,
            }
            yield bound.found("member_rate", "bad", **params)
        elif level.pay_bp % PERMILLE:
            yield Finding(
                "member_rate_places", "bad", bound.sure, {"found_bp": level.pay_bp, "level": level.group}
            )
    yield Finding("member_no_window", "warn", "primary", {"whole": offer.reach.is_all})
