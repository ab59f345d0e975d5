"""What a backtest says in a few words: what is left, what pays for it, what never mattered, what each layer gives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext, gettext_lazy, npgettext

from laoke.promotions.deepening import Depth
from laoke.promotions.depth.break_even import BreakEven, NoBreakEven
from laoke.promotions.models import Backtest
from laoke.shops.joins import clauses, ended, listed
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.figures import Amount

LAYERS: dict[str, Words] = {
    "item": gettext_lazy("单品级"),
    "addon": gettext_lazy("加价购"),
    "shop": gettext_lazy("店铺级"),
    "coupon": gettext_lazy("店铺券"),
    "official_cut": gettext_lazy("官方立减"),
    "cross_shop": gettext_lazy("跨店满减"),
    "category_coupon": gettext_lazy("品类券"),
    "gift": gettext_lazy("满赠"),
    "postage": gettext_lazy("包邮"),
    "benefit": gettext_lazy("权益"),
}

LOWEST = ("member_price", "early_bird")
"""Mechanics of which a backtest takes the dearest case (R17), where nothing is said of the offer itself."""


def names_of(one: Backtest) -> dict[str, str]:
    """What each offer of a backtest is called."""
    return {offer["offer_id"]: offer["name"] for offer in one.offers}


def lift_text(found: BreakEven | NoBreakEven) -> str:
    """How many more orders it takes, short."""
    if isinstance(found, NoBreakEven):
        return gettext("成本未知") if found.code == "cost_unknown" else gettext("卖多少都亏")
    if not found.lift_bp:
        return gettext("不需要")
    return f"+{figures.basis_points(found.lift_bp)}"


def _break_even_words(found: BreakEven | NoBreakEven) -> str:
    if isinstance(found, NoBreakEven):
        if found.code == "cost_unknown":
            return gettext("没有一单知道成本，说不出")
        return gettext("用上优惠后每单已经不剩钱，多卖只会多亏")
    if not found.lift_bp:
        return gettext("不用多卖，剩的不比那时少")
    text = npgettext(
        "orders",
        "订单要多 %(share)s，也就是多 %(n)s 单",
        "订单要多 %(share)s，也就是多 %(n)s 单",
        found.extra_orders,
    )
    return text % {
        "share": figures.basis_points(found.lift_bp),
        "n": figures.exact(found.extra_orders),
    }


def break_even_facts(depth: Depth) -> ui.Facts:
    """Against no offer at all and against what was then; with what it is worked out of."""
    net = depth.facts["net"]
    facts: list[tuple[Words, Any]] = [
        (gettext("和不打折比"), _break_even_words(depth.break_even("listed"))),
        (gettext("和当时比"), _break_even_words(depth.break_even("paid"))),
    ]
    if net["orders"]:
        each = [
            figures.yuan(round(net[f"{name}_net_cents"] / net["orders"]))
            for name in ("listed", "paid", "after")
        ]
        text = gettext("不打折 %(listed)s，当时 %(paid)s，用上优惠 %(after)s")
        facts.append((gettext("每单净利"), text % dict(zip(("listed", "paid", "after"), each, strict=True))))
        facts.append(
            (gettext("算的是"), gettext("成本已知的 %(n)s 单") % {"n": figures.exact(net["orders"])})
        )
    return ui.Facts(facts)


def net_kpi(depth: Depth) -> ui.Kpi:
    """What is left after goods, gifts, postage and the platform."""
    net, terms = depth.facts["net"], depth.facts["terms"]
    before, after = net["paid_net_cents"], net["after_net_cents"]
    if not net["orders"]:
        return ui.Kpi(gettext("净利"), Amount.money(None), note=gettext("成本未知"))
    delta = None
    if before:
        delta = ui.Delta(after - before, figures.percent(abs((after - before) / before)), gettext("比当时"))
    if terms["fee_bp"] or terms["postage_cents"]:
        note = gettext("扣点 %(fee)s%%，每单运费 %(postage)s") % {
            "fee": figures.wan(terms["fee_bp"] / 100, 2),
            "postage": figures.yuan(terms["postage_cents"]),
        }
    else:
        note = gettext("没写扣点和运费，和毛利一样")
    return ui.Kpi(gettext("净利"), Amount.money(after), delta, note=note)


def verdict(result: dict[str, Any], depth: Depth | None) -> ui.Notice:
    """Whether more orders would lose money than did: after fee and postage, of those whose cost is known."""
    known, orders = result["cost_known_orders"], result["orders"]
    if not known:
        return ui.Notice(
            gettext("没有一单知道成本，说不出会不会亏。导入商品成本后再试。"), gettext("只知道让利"), "warn"
        )
    if not any(one["used_orders"] for one in result["offers"]):
        return ui.Notice(gettext("这段日子没有一单够得着，门槛可能太高。"), gettext("没有人用得上"), "warn")
    before, after = _losing(result, depth)
    words = {"before": figures.exact(before), "after": figures.exact(after), "known": figures.exact(known)}
    if depth is not None and any(depth.facts["terms"].values()):
        said = [gettext("算上扣点和运费，会亏的有 %(after)s 单，当时是 %(before)s 单") % words]
    else:
        said = [gettext("会亏的有 %(after)s 单，当时是 %(before)s 单") % words]
    if known < orders:
        words["unknown"] = figures.exact(orders - known)
        said.append(gettext("只看了成本已知的 %(known)s 单，另外 %(unknown)s 单不知道") % words)
    if after > before:
        said.append(gettext("先看下面的单子，再调门槛或排除商品"))
        return ui.Notice(ended(clauses(said)), gettext("有的单会亏"), "warn")
    said.append(gettext("这是顾客行为不变时的结果"))
    if known < orders:
        return ui.Notice(ended(clauses(said)), gettext("成本已知的单不会多亏"))
    return ui.Notice(ended(clauses(said)), gettext("不会多亏"), "ok")


def _losing(result: dict[str, Any], depth: Depth | None) -> tuple[int, int]:
    """Orders at a loss as they were sold, and under the offers. Older backtests knew neither fee nor postage."""
    if depth is None:
        return result["loss_orders_before"], result["loss_orders_after"]
    return depth.facts["net"]["losing_paid"], depth.facts["net"]["losing_after"]


def lift_kpi(depth: Depth) -> ui.Kpi:
    """How many more orders pay for the offers, against no offer at all."""
    found = depth.break_even("listed")
    note = gettext("和不打折比")
    if isinstance(found, BreakEven) and found.lift_bp:
        note = gettext("%(n)s 单，和不打折比") % {"n": figures.exact(found.extra_orders)}
        if depth.facts["net"]["orders"] < sum(one["orders"] for one in depth.facts["history"]):
            # So many more of the orders that take part, not of all.
            note = clauses([note, gettext("只算成本已知的单")])
    return ui.Kpi(gettext("要多卖才回本"), lift_text(found), note=note)


def notes(one: Backtest) -> list[str]:
    """What must be known to read its figures: which orders are unpriced by what, and what is assumed of the offers."""
    found = [totals_words(one)]
    if any(offer["mechanic"] in LOWEST and not offer.get("assumed") for offer in one.offers):
        found.append(gettext("会员价、早鸟价按最低一档"))
    # Older backtests used nothing up, and knew no offers of which something must be assumed.
    if "limits" not in one.result and any(map(_has_stock, one.offers)):
        found.append(gettext("秒杀和赠品不看数量"))
    found += [offer.get("assumed", "") for offer in one.offers]
    found.append(limits_words(one))
    return [text for text in found if text]


def _has_stock(offer: dict[str, Any]) -> bool:
    """Whether what an offer of a stored backtest gives can run out."""
    if offer["mechanic"] != "threshold_gift":
        return bool(offer["mechanic"] == "flash_sale")
    return any(choice["stock"] is not None for step in offer["terms"]["steps"] for choice in step["choices"])


def limits_words(one: Backtest) -> str:
    """How many orders went without what others had used up (R41), and by which offers; "" where nothing is limited."""
    limits = one.result.get("limits")
    if limits is None:
        return ""
    names = names_of(one)
    told = [
        gettext("%(name)s %(n)s 单") % {"name": names.get(offer_id, offer_id), "n": figures.exact(count)}
        for offer_id, count in limits["offers"].items()
        if count
    ]
    if not told:
        said = gettext("限次、限量没有挡住一单")
    else:
        said = gettext("限次、限量挡住了 %(n)s 单：%(offers)s") % {
            "n": figures.exact(limits["orders"]),
            "offers": listed(told),
        }
    if not limits["unknown_buyers"]:
        return said
    unknown = gettext("有 %(n)s 单不知道是谁的") % {"n": figures.exact(limits["unknown_buyers"])}
    return clauses([said, unknown])


def totals_words(one: Backtest) -> str:
    """How many orders have only a total, and which offers leave them unpriced; "" where all have lines."""
    orders = one.result.get("basis", {}).get("orders_with_totals")
    if not orders:
        return ""
    words = {"n": figures.exact(orders)}
    # Older backtests did not note which offers need lines.
    names = [offer["name"] for offer in one.offers if offer.get("needs_lines")]
    if not names:
        return gettext("其中 %(n)s 单只有总额，没有明细") % words
    words["names"] = listed(names)
    return gettext("其中 %(n)s 单只有总额，没有明细，这些优惠没算到它们头上：%(names)s") % words


def idle_notice(one: Backtest) -> ui.Notice | None:
    """Offers that changed nothing on any order of the period, though it could be told if they did."""
    names = names_of(one)
    blind = not one.result.get("basis", {}).get("orders_with_lines")
    untold = {offer["offer_id"] for offer in one.offers if blind and offer.get("needs_lines")}
    unused = [
        found
        for found in one.result["offers"]
        if not found["used_orders"] and found["offer_id"] not in untold
    ]
    if not unused or len(unused) == len(one.result["offers"]):
        return None
    never = [names.get(found["offer_id"], "") for found in unused if not found["qualifying_orders"]]
    beaten = [names.get(found["offer_id"], "") for found in unused if found["qualifying_orders"]]
    parts = []
    if never:
        parts.append(gettext("没有一单够得着：%(names)s") % {"names": listed(never)})
    if beaten:
        parts.append(gettext("够得着，但每次都有更好的：%(names)s") % {"names": listed(beaten)})
    return ui.Notice(clauses(parts), gettext("有的优惠从来没用上，可以去掉"), "warn")


def by_layer(one: Backtest) -> ui.Table | None:
    """Discount by layer, in pricing order; None with a single layer."""
    of = {offer["offer_id"]: offer["layer"] for offer in one.offers}
    sums: dict[str, int] = {}
    for found in one.result["offers"]:
        layer = of.get(found["offer_id"], "")
        sums[layer] = sums.get(layer, 0) + found["discount_cents"]
    if len(sums) < 2:
        return None
    whole = sum(sums.values())
    return ui.Table(
        [
            ui.Column("layer", gettext("哪一层")),
            ui.Column("given", gettext("让利（元）"), "num", card="end"),
            ui.Column("share", gettext("占"), "num", label_on_card=gettext("占")),
        ],
        [
            ui.Row(
                [
                    str(LAYERS[name]),
                    figures.cents(sums[name]),
                    figures.percent(sums[name] / whole if whole else None),
                ]
            )
            for name in LAYERS
            if name in sums
        ],
        caption=gettext("每一层让多少"),
    )


def by_share(
    found: Sequence[tuple[int, int, ui.Cell | None]], head: ui.Column, says: str, caption: str
) -> ui.Table:
    """What is best under each pair of assumptions: a row for the first (in basis points, named by `says`), a column for
    the share who fill up (likewise), both in the order in which they come; None where nothing pays."""
    shares = list(dict.fromkeys(share for _, share, _ in found))
    best = {(first, share): cell for first, share, cell in found}
    rows = []
    for first in dict.fromkeys(first for first, _, _ in found):
        cells: list[ui.Cell | str] = [says % {"n": figures.wan(first / 100, 2)}]
        cells += [best[first, share] or ui.Cell(gettext("都亏"), tone="muted") for share in shares]
        rows.append(ui.Row(cells))
    columns = [head]
    for share in shares:
        name = gettext("%(n)s%% 凑单") % {"n": figures.wan(share / 100, 2)}
        columns.append(ui.Column(f"s{share}", name, "num", card="wide", label_on_card=name))
    return ui.Table(columns, rows, caption=caption)
