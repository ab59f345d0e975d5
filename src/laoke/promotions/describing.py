"""Offers in words: a phrase for lists, and in full for the shop page with conditions, time and limits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.utils.translation import gettext, ngettext, pgettext

from laoke.money import format_cents
from laoke.promotions import engine
from laoke.promotions.buyer_lists import segment_name, segment_number
from laoke.shops.joins import listed, named, phrases

MOST_NAMED = 30
"""Products with a price of their own that one text names; the page of each says its price too."""


def describe(value: engine.Offer) -> str:
    """What an offer does, in a few words: `每满 300 减 40，封顶 120`."""
    return _PHRASES[type(value.mechanic)](value.mechanic)


def shop_page_text(value: engine.Offer, titles: Mapping[str, str] | None = None) -> list[str]:
    """What the shop page must say of an offer, a sentence each: benefit, conditions, goods, time, limits, stacking.

    The law wants conditions, period and limits shown beside the benefit; nothing here is added for effect. `titles` are
    those of products by number; without one a product is named by its number.
    """
    said = [describe(value), *_CONDITIONS.get(type(value.mechanic), _no_condition)(value.mechanic)]
    said += _named_goods(value.mechanic, titles or {})
    said.append(gettext("适用：%(scope)s") % {"scope": scope_text(value)})
    if segment_number(value.audience) is not None:
        # What the shop calls a group of its customers is not for them to read.
        said.append(gettext("只给店铺选定的顾客"))
    elif value.audience:
        said.append(gettext("给谁：%(who)s") % {"who": audience_text(value.audience)})
    start, end = value.window.start, value.window.end
    if start is not None and end is not None:
        window = {"start": f"{start:%Y-%m-%d %H:%M}", "end": f"{end:%Y-%m-%d %H:%M}"}
        said.append(gettext("时间：%(start)s 到 %(end)s") % window)
    if value.limits.per_person is not None:
        said.append(gettext("每人限用 %(n)s 次") % {"n": value.limits.per_person})
    said.append(_stacking(value.layer))
    return said


def scope_text(value: engine.Offer) -> str:
    """`全店`, `被子、枕头`, `6 件商品`, and what is left out."""
    reach, scope = value.reach, value.scope
    if isinstance(value.mechanic, engine.AddonPurchase):
        reach = scope
    if reach.product_ids:
        text = ngettext("%(n)s 件商品", "%(n)s 件商品", len(reach.product_ids)) % {
            "n": len(reach.product_ids)
        }
    elif scope.categories:
        text = listed(sorted(scope.categories))
    else:
        text = gettext("全店")
    if scope.excluded_product_ids:
        text += ngettext("，除 %(n)s 件外", "，除 %(n)s 件外", len(scope.excluded_product_ids)) % {
            "n": len(scope.excluded_product_ids)
        }
    return text


def audience_text(audience: str) -> str:
    """Who an audience key stands for."""
    # By itself 老客 is the name of the product.
    known = {engine.FIRST_ORDER: gettext("首单顾客"), engine.OLD_CUSTOMER: pgettext("buyers", "老客")}
    if (name := segment_name(audience)) is not None:
        return segment_text(name)
    return known.get(audience, audience) or gettext("所有人")


def segment_text(name: str) -> str:
    """A segment as those whom an offer is for: `人群“半年未购”`."""
    return gettext("人群“%(name)s”") % {"name": name}


def _stacking(layer: engine.Layer) -> str:
    """How the offer stands beside others (R2, R3, R7, R8)."""
    if layer is engine.Layer.ITEM:
        return gettext("同一件商品有几个单品优惠时，只按最低的一个价")
    if layer is engine.Layer.BENEFIT:
        return gettext("和其他优惠可以一起享受，不影响价格")
    if not layer.changes_goods:
        return gettext("和其他优惠可以一起用；门槛按单品价合计，不含运费")
    if layer.one_per_order:
        return gettext("每单用一张，和店铺优惠可以一起用")
    return gettext("同一件商品只参加一个同类优惠，自动取减得多的；门槛按单品价合计，不含运费")


def _named_goods(mechanic: Any, titles: Mapping[str, str]) -> Iterator[str]:
    """The products that an offer names itself: what each costs, or how many of each there are."""
    if isinstance(mechanic, engine.WasNow):
        for one in mechanic.prices[:MOST_NAMED]:
            yield named(titles.get(one.product_id) or one.product_id, _product_price(one))
        if (more := len(mechanic.prices) - MOST_NAMED) > 0:
            text = ngettext("另有 %(n)s 件商品，价格见商品页", "另有 %(n)s 件商品，价格见商品页", more)
            yield text % {"n": more}
    elif isinstance(mechanic, engine.SetBundle):
        parts = [
            ngettext("%(title)s %(n)s 件", "%(title)s %(n)s 件", part.pieces)
            % {"title": titles.get(part.product_id) or part.product_id, "n": part.pieces}
            for part in mechanic.parts
        ]
        yield gettext("套餐里有：%(goods)s") % {"goods": listed(parts)}
    elif isinstance(mechanic, engine.AddonPurchase):
        choices = [
            gettext("%(title)s %(price)s 元")
            % {"title": titles.get(one.product_id) or one.product_id, "price": _yuan(one.price_cents)}
            for one in mechanic.choices
        ]
        yield gettext("可以换购：%(goods)s") % {"goods": listed(choices)}


def _no_condition(mechanic: Any) -> list[str]:
    return []


def _cheapest_first(mechanic: engine.NthPiece | engine.BuyGet) -> list[str]:
    return [gettext("件数合计，价低的几件享受优惠")]


def _dearest_first(mechanic: engine.AnyBundle) -> list[str]:
    return [gettext("价高的先组合，凑不满一组的按原来的价")]


def _addon_conditions(mechanic: engine.AddonPurchase) -> list[str]:
    said = ngettext("每单最多换购 %(n)s 件", "每单最多换购 %(n)s 件", mechanic.most_pieces) % {
        "n": mechanic.most_pieces
    }
    return [said, gettext("换购的商品不计入门槛")]


def _amount_conditions(mechanic: engine.AmountOff) -> list[str]:
    return [gettext("从页面价上减；价格不高于减额的商品不参加")]


def _coupon_conditions(mechanic: engine.ShopCoupon) -> list[str]:
    return [gettext("领券后使用")] if mechanic.must_hold else []


def _percent_off(mechanic: engine.PercentOff) -> str:
    return gettext("%(tenths)s 折") % {"tenths": _tenths(mechanic.pay_bp)}


def _amount_off(mechanic: engine.AmountOff) -> str:
    return gettext("每件直降 %(off)s") % {"off": _yuan(mechanic.off_cents)}


def _fixed_price(mechanic: engine.FixedPrice) -> str:
    return gettext("一口价 %(price)s") % {"price": _yuan(mechanic.price_cents)}


def _was_now(mechanic: engine.WasNow) -> str:
    first = mechanic.prices[0]
    if len(mechanic.prices) > 1:
        lowest = min(one.price_cents for one in mechanic.prices)
        words = {"n": len(mechanic.prices), "price": _yuan(lowest)}
        return gettext("%(n)s 件商品特价，%(price)s 起") % words
    return _product_price(first)


def _product_price(one: engine.ProductPrice) -> str:
    if one.was_cents is None:
        return gettext("特价 %(price)s") % {"price": _yuan(one.price_cents)}
    return gettext("原价 %(was)s，现价 %(price)s") % {
        "was": _yuan(one.was_cents),
        "price": _yuan(one.price_cents),
    }


def _shop_coupon(mechanic: engine.ShopCoupon) -> str:
    if not mechanic.threshold_cents:
        return gettext("无门槛券 %(face)s") % {"face": _yuan(mechanic.face_cents)}
    return gettext("满 %(threshold)s 券减 %(face)s") % {
        "threshold": _yuan(mechanic.threshold_cents),
        "face": _yuan(mechanic.face_cents),
    }


def _threshold_discount(mechanic: engine.ThresholdDiscount) -> str:
    form = (
        gettext("每满 %(threshold)s 减 %(off)s")
        if mechanic.repeating
        else gettext("满 %(threshold)s 减 %(off)s")
    )
    said = phrases(
        form % {"threshold": _yuan(step.threshold_cents), "off": _yuan(step.off_cents)}
        for step in mechanic.steps
    )
    return said + _capped(mechanic.cap_cents)


def _threshold_rate(mechanic: engine.ThresholdRate) -> str:
    form = gettext("满 %(threshold)s 打 %(tenths)s 折")
    return phrases(
        form % {"threshold": _yuan(step.threshold_cents), "tenths": _tenths(step.pay_bp)}
        for step in mechanic.steps
    )


def _count_discount(mechanic: engine.CountDiscount) -> str:
    form = gettext("满 %(pieces)s 件打 %(tenths)s 折")
    return phrases(form % {"pieces": step.pieces, "tenths": _tenths(step.pay_bp)} for step in mechanic.steps)


def _count_off(mechanic: engine.CountOff) -> str:
    form = (
        gettext("每 %(pieces)s 件减 %(off)s") if mechanic.repeating else gettext("满 %(pieces)s 件减 %(off)s")
    )
    said = phrases(form % {"pieces": step.pieces, "off": _yuan(step.off_cents)} for step in mechanic.steps)
    return said + _capped(mechanic.cap_cents)


def _nth_piece(mechanic: engine.NthPiece) -> str:
    if mechanic.pay_bp == 0:
        said = gettext("第 %(nth)s 件免费") % {"nth": mechanic.nth}
    elif (mechanic.nth, mechanic.pay_bp) == (2, 5_000):
        said = gettext("第二件半价")
    else:
        said = gettext("第 %(nth)s 件 %(tenths)s 折") % {
            "nth": mechanic.nth,
            "tenths": _tenths(mechanic.pay_bp),
        }
    return said + _at_most(mechanic.most_times)


def _buy_get(mechanic: engine.BuyGet) -> str:
    said = gettext("买 %(buy)s 件送 %(get)s 件") % {"buy": mechanic.buy, "get": mechanic.get}
    return said + _at_most(mechanic.most_times)


def _any_bundle(mechanic: engine.AnyBundle) -> str:
    words = {"pieces": mechanic.pieces, "price": _yuan(mechanic.price_cents)}
    return gettext("任选 %(pieces)s 件 %(price)s 元") % words + _at_most(mechanic.most_times)


def _set_bundle(mechanic: engine.SetBundle) -> str:
    words = {"pieces": sum(part.pieces for part in mechanic.parts), "price": _yuan(mechanic.price_cents)}
    return gettext("套餐 %(pieces)s 件 %(price)s 元") % words + _at_most(mechanic.most_times)


def _addon_purchase(mechanic: engine.AddonPurchase) -> str:
    lowest = min(choice.price_cents for choice in mechanic.choices)
    words = {"threshold": _yuan(mechanic.threshold_cents), "price": _yuan(lowest)}
    if len(mechanic.choices) == 1:
        return gettext("满 %(threshold)s 加 %(price)s 元换购") % words
    return gettext("满 %(threshold)s 加 %(price)s 元起换购") % words


def _threshold_gift(mechanic: engine.ThresholdGift) -> str:
    form = (
        gettext("满 %(threshold)s 件送%(gift)s")
        if mechanic.by == "pieces"
        else gettext("满 %(threshold)s 送%(gift)s")
    )
    return phrases(
        form % {"threshold": _measure(mechanic.by, step.threshold), "gift": _gift_names(step)}
        for step in mechanic.steps
    )


def _gift_names(step: engine.GiftStep) -> str:
    names = [choice.title for choice in step.choices]
    said = names[0] if len(names) == 1 else gettext("%(gifts)s中的一种") % {"gifts": listed(names)}
    if step.pieces == 1:
        return said
    return ngettext("%(gift)s %(n)s 件", "%(gift)s %(n)s 件", step.pieces) % {"gift": said, "n": step.pieces}


def _gift_conditions(mechanic: engine.ThresholdGift) -> list[str]:
    """Kind, number and value of each gift; the law wants them named."""
    choices = {choice.product_id: choice for step in mechanic.steps for choice in step.choices}
    said = []
    for choice in choices.values():
        words = {"gift": choice.title, "value": _yuan(choice.value_cents)}
        if choice.stock is None:
            said.append(gettext("%(gift)s：价值 %(value)s 元") % words)
        else:
            words["n"] = str(choice.stock)
            said.append(gettext("%(gift)s：价值 %(value)s 元，共 %(n)s 件，送完为止") % words)
    return said


def _free_postage(mechanic: engine.FreePostage) -> str:
    if not mechanic.threshold:
        return gettext("包邮")
    form = gettext("满 %(threshold)s 件包邮") if mechanic.by == "pieces" else gettext("满 %(threshold)s 包邮")
    return form % {"threshold": _measure(mechanic.by, mechanic.threshold)}


def _postage_conditions(mechanic: engine.FreePostage) -> list[str]:
    if not mechanic.excluded_regions:
        return []
    return [gettext("%(regions)s不包邮") % {"regions": listed(mechanic.excluded_regions)}]


def _measure(by: str, threshold: int) -> str:
    return str(threshold) if by == "pieces" else _yuan(threshold)


def _member_price(mechanic: engine.MemberPrice) -> str:
    form = gettext("%(level)s %(tenths)s 折")
    levels = phrases(form % {"level": one.group, "tenths": _tenths(one.pay_bp)} for one in mechanic.ranked)
    return gettext("会员价：%(levels)s") % {"levels": levels}


def _early_bird(mechanic: engine.EarlyBird) -> str:
    form = gettext("%(until)s 前 %(tenths)s 折")
    steps = phrases(
        form % {"until": f"{step.until:%m-%d %H:%M}", "tenths": _tenths(step.pay_bp)}
        for step in mechanic.steps
    )
    return gettext("早鸟价：%(steps)s") % {"steps": steps}


def _flash_sale(mechanic: engine.FlashSale) -> str:
    words = {"price": _yuan(mechanic.price_cents), "n": mechanic.stock}
    return gettext("秒杀价 %(price)s，限量 %(n)s 件") % words


def _flash_conditions(mechanic: engine.FlashSale) -> list[str]:
    return [gettext("剩下的不够一单要的件数时，这单按原来的价")]


def _deposit_expansion(mechanic: engine.DepositExpansion) -> str:
    words = {
        "deposit": _yuan(mechanic.deposit_cents),
        "counts": _yuan(mechanic.counts_cents),
        "until": f"{mechanic.deposit_until:%m-%d %H:%M}",
        "start": f"{mechanic.balance_from:%m-%d %H:%M}",
    }
    return gettext("定金 %(deposit)s 抵 %(counts)s，%(until)s 前付定金，%(start)s 起付尾款") % words


def _deposit_conditions(mechanic: engine.DepositExpansion) -> list[str]:
    return [
        gettext("定金不退：活动结束前没有付尾款的，定金不退"),
        gettext("其他优惠减的是尾款，不减定金"),
        gettext("单价低于 %(least)s 元的商品不参加") % {"least": _yuan(mechanic.least_price_cents)},
    ]


def _group_buy(mechanic: engine.GroupBuy) -> str:
    words = {"people": mechanic.people, "price": _yuan(mechanic.price_cents)}
    return gettext("%(people)s 人团，拼团价 %(price)s") % words


def _group_conditions(mechanic: engine.GroupBuy) -> list[str]:
    words = {"people": mechanic.people, "hours": mechanic.hours}
    return [
        gettext("开团后 %(hours)s 小时内凑满 %(people)s 人成团，没凑满的全额退款") % words,
        gettext("同一个人在一个团里只算一次，成团后发货"),
    ]


def _more_cheaper(mechanic: engine.MoreCheaper) -> str:
    form = gettext("满 %(buyers)s 人 %(tenths)s 折")
    steps = phrases(form % {"buyers": one.buyers, "tenths": _tenths(one.pay_bp)} for one in mechanic.steps)
    return gettext("越买越便宜：%(steps)s") % {"steps": steps}


def _buyers_conditions(mechanic: engine.MoreCheaper) -> list[str]:
    return [gettext("先买的先按当时的价付，活动结束后按最后的价退差价"), gettext("退货的买家不算人数")]


def _service_benefit(mechanic: engine.ServiceBenefit) -> str:
    words = {"title": mechanic.title, "days": mechanic.days}
    forms = {
        "gift": gettext("送%(title)s"),
        "longer_return": gettext("退货期多 %(days)s 天"),
        "longer_warranty": gettext("质保多 %(days)s 天"),
        "service": "%(title)s",
    }
    return forms[mechanic.kind] % words


def _benefit_conditions(mechanic: engine.ServiceBenefit) -> list[str]:
    if mechanic.value_cents is not None:
        words = {"gift": mechanic.title, "value": _yuan(mechanic.value_cents)}
        return [gettext("%(gift)s：价值 %(value)s 元") % words]
    return [mechanic.title] if mechanic.lasts and mechanic.title else []


def _level_reward(mechanic: engine.LevelReward) -> str:
    form = gettext("满 %(spend)s 升%(level)s，送%(reward)s")
    return phrases(
        form % {"spend": _yuan(one.spend_cents), "level": one.group, "reward": one.reward}
        for one in mechanic.levels
    )


def _level_conditions(mechanic: engine.LevelReward) -> list[str]:
    said = gettext("按最近 %(n)s 天实付的货款算，不含运费")
    return [said % {"n": mechanic.term_days}, gettext("升级礼在过了退货期后给；退了货的不算")]


_CONDITIONS: dict[type, Callable[[Any], list[str]]] = {
    engine.NthPiece: _cheapest_first,
    engine.BuyGet: _cheapest_first,
    engine.AnyBundle: _dearest_first,
    engine.AddonPurchase: _addon_conditions,
    engine.AmountOff: _amount_conditions,
    engine.ShopCoupon: _coupon_conditions,
    engine.ThresholdGift: _gift_conditions,
    engine.FreePostage: _postage_conditions,
    engine.FlashSale: _flash_conditions,
    engine.DepositExpansion: _deposit_conditions,
    engine.GroupBuy: _group_conditions,
    engine.MoreCheaper: _buyers_conditions,
    engine.ServiceBenefit: _benefit_conditions,
    engine.LevelReward: _level_conditions,
}

_PHRASES: dict[type, Callable[[Any], str]] = {
    engine.PercentOff: _percent_off,
    engine.AmountOff: _amount_off,
    engine.FixedPrice: _fixed_price,
    engine.WasNow: _was_now,
    engine.ShopCoupon: _shop_coupon,
    engine.ThresholdDiscount: _threshold_discount,
    engine.ThresholdRate: _threshold_rate,
    engine.CountDiscount: _count_discount,
    engine.CountOff: _count_off,
    engine.NthPiece: _nth_piece,
    engine.BuyGet: _buy_get,
    engine.AnyBundle: _any_bundle,
    engine.SetBundle: _set_bundle,
    engine.AddonPurchase: _addon_purchase,
    engine.ThresholdGift: _threshold_gift,
    engine.FreePostage: _free_postage,
    engine.MemberPrice: _member_price,
    engine.EarlyBird: _early_bird,
    engine.FlashSale: _flash_sale,
    engine.DepositExpansion: _deposit_expansion,
    engine.GroupBuy: _group_buy,
    engine.MoreCheaper: _more_cheaper,
    engine.ServiceBenefit: _service_benefit,
    engine.LevelReward: _level_reward,
}


def _capped(cap_cents: int | None) -> str:
    return "" if cap_cents is None else gettext("，封顶 %(cap)s") % {"cap": _yuan(cap_cents)}


def _at_most(most_times: int | None) -> str:
    if most_times is None:
        return ""
    return ngettext("，每单最多 %(n)s 次", "，每单最多 %(n)s 次", most_times) % {"n": most_times}


def _tenths(pay_bp: int) -> str:
    return f"{pay_bp / 1000:g}"


def _yuan(cents: int) -> str:
    return f"{cents // 100}" if cents % 100 == 0 else format_cents(cents)
