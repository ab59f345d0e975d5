"""Launch findings in words: what was found, by which rule and source, and how hard the offers are to understand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext, gettext_noop

from laoke.campaigns.launch import Complexity, Finding, Rule, Signed
from laoke.campaigns.launch.rules import LADDER
from laoke.money import format_cents
from laoke.promotions.describing import audience_text
from laoke.shops.joins import listed
from laoke.shops.models import Role

SENTENCES: dict[str, str] = {
    "too_many_offers": gettext_noop("同一时间有 %(count)s 样优惠，最多 %(most)s 样：%(names)s"),
    "too_complex": gettext_noop("优惠难懂，%(points)s 分，%(most)s 分以上买家要来问：%(parts)s"),
    "offer_over": gettext_noop("「%(name)s」已收起，或说到它时已经结束"),
    "baseline_not_known": gettext_noop("订单只到 %(until)s，开始前 %(days)s 天的最低成交价还不全，到时再导入一次"),
    "was_in_words": gettext_noop("%(where)s写了「%(words)s」，没有成交价支持这个原价"),
    "reference_price": gettext_noop("%(where)s写了「%(words)s」，要有出处，没有就别写"),
    "cut_from_what": gettext_noop("%(where)s写了「%(words)s」，没说从什么价降：写上页面价、吊牌价或日常价"),
    "price_not_offered": gettext_noop("%(where)s写了「%(words)s」，价格表和优惠里没有这个价"),
    "absolute_word": gettext_noop("%(where)s有广告法禁用的词：%(words)s"),
    "strong_word": gettext_noop("%(where)s有极限词，没有依据就改掉：%(words)s"),
    "paid_praise": gettext_noop("%(where)s用好处换好评：%(words)s"),
    "leads_away": gettext_noop("%(where)s把人引出平台：%(words)s"),
    "medical_claim": gettext_noop("%(where)s像在说疗效：%(words)s"),
    "hidden_terms": gettext_noop("%(where)s有不算数的条款：%(words)s"),
    "coupon_not_usable": gettext_noop("券「%(name)s」%(valid_to)s 到期，优惠「%(offer)s」%(ends)s 就结束，后面用不了"),
    "coupon_used_up": gettext_noop("券「%(name)s」停发了，或预算用完了，买家拿着也用不了"),
    "coupon_unlimited": gettext_noop("券「%(name)s」每人不限张数，一个人能领完 %(total)s 张"),
    "coupon_without_budget": gettext_noop("券「%(name)s」没有预算，最多要让 %(most)s 元"),
    "coupon_budget_short": gettext_noop("券「%(name)s」预算还剩 %(left)s 元，照回放要用 %(wanted)s 元"),
    "coupon_free_goods": gettext_noop("「%(name)s」减 %(face)s，够买下 %(count)s 件商品不花钱：%(names)s"),
    "prize_above_cap": gettext_noop("抽奖「%(draw)s」的%(prize)s值 %(value)s 元，最高 %(most)s 元"),
    "draw_unclear": gettext_noop("抽奖「%(draw)s」没写清：%(missing)s"),
    "odds_wrong": gettext_noop("抽奖「%(draw)s」各奖的中奖率合计 %(odds)s，要大于 0，合计不过 100%%"),
    "gift_not_in_stock": gettext_noop("「%(offer)s」说送 %(promised)s 件%(gift)s，库存只有 %(stock)s 件"),
    "gift_short": gettext_noop("「%(offer)s」的赠品有 %(stock)s 件，照回放要送 %(wanted)s 件"),
    "gift_number_unsaid": gettext_noop("「%(offer)s」没写送多少件%(gift)s，送完就要说明"),
    "gift_value": gettext_noop("「%(offer)s」说%(gift)s值 %(value)s 元，店里卖 %(price)s 元"),
    "price_for_some": gettext_noop("「%(name)s」只给「%(buyers)s」，同样的商品别人贵；要有公开的规则，比如会员等级"),
    "new_buyers_only": gettext_noop("「%(name)s」只给第一次下单的人，老客更贵：写在页面上，别拖太久"),
    "level_unknown": gettext_noop("「%(name)s」里的 %(levels)s 不是店里公布的会员等级"),
    "price_by_round": gettext_noop("%(round)s带「%(offer)s」，%(other_round)s带「%(other)s」，同样的商品因人不同价"),
    "price_protection": gettext_noop("开始前 %(days)s 天有 %(people)s 人高价买过 %(units)s 件，差价共 %(cents)s 元"),
    "same_layer_elsewhere": gettext_noop("「%(name)s」和%(owner)s「%(other)s」同时、同层，%(goods)s，只算减得多的"),
    "stacks_elsewhere": gettext_noop("「%(name)s」和%(owner)s「%(other)s」同时，%(goods)s，两样会叠加"),
    "priced_elsewhere": gettext_noop("%(count)s 件在价格表「%(sheet)s」里另有价：%(first)s %(price)s，那里 %(other)s"),
    "ladder.missing_cost": gettext_noop("「%(about)s」里 %(count)s 件没写成本，不知道亏不亏：%(names)s"),
    "ladder.below_cost": gettext_noop("「%(about)s」里 %(count)s 件低于成本：%(names)s"),
    "ladder.loss": gettext_noop("「%(about)s」里 %(count)s 件扣掉邮费和扣点会亏：%(names)s"),
    "ladder.below_floor": gettext_noop("「%(about)s」里 %(count)s 件低于底价：%(names)s"),
    "ladder.invented_was": gettext_noop("「%(about)s」里 %(count)s 件的划线价高过之前的成交价，算虚构原价：%(names)s"),
    "ladder.no_baseline": gettext_noop("「%(about)s」里 %(count)s 件没有成交过，划线价没有依据：%(names)s"),
    "ladder.no_cut": gettext_noop("「%(about)s」里 %(count)s 件不比开始前的最低成交价便宜，不能说成降价：%(names)s"),
    "ladder.sold_lower": gettext_noop("「%(about)s」里 %(count)s 件 30 天内卖过更低的价，像先涨后降：%(names)s"),
    "ladder.above_list": gettext_noop("「%(about)s」里 %(count)s 件高过标价：%(names)s"),
    "ladder.role_order": gettext_noop("「%(about)s」里 %(count)s 件比低一档的还便宜：%(names)s"),
    "ladder.too_close": gettext_noop("「%(about)s」里 %(count)s 件和下一档看不出差别：%(names)s"),
    "ladder.too_far": gettext_noop("「%(about)s」里 %(count)s 件和下一档之间缺一档：%(names)s"),
    "ladder.competitor_cheaper": gettext_noop("「%(about)s」里 %(count)s 件有对手更便宜：%(names)s"),
    "ladder.stock_short": gettext_noop("「%(about)s」里 %(count)s 件库存不够上次同期的销量：%(names)s"),
    "ladder.was_not_listed": gettext_noop("「%(about)s」里 %(count)s 件的划线价没有标过的记录：%(names)s"),
    "ladder.list_raised": gettext_noop("「%(about)s」里 %(count)s 件开始前 30 天里提过标价，像先涨后降：%(names)s"),
}  # fmt: skip
NO_ORDERS = gettext_noop("还没有导入订单，不知道开始前 %(days)s 天的最低成交价")
SOURCES: dict[str, str] = {
    "practice": gettext_noop("做活动的经验"),
    "own": gettext_noop("老客的判断"),
    "price_fraud": gettext_noop("明码标价和禁止价格欺诈规定"),
    "promotion_rules": gettext_noop("规范促销行为暂行规定"),
    "price_law": gettext_noop("价格法"),
    "advertising": gettext_noop("广告法"),
    "absolute_guide": gettext_noop("广告绝对化用语执法指南和常见词表"),
    "net_competition": gettext_noop("网络反不正当竞争暂行规定"),
    "competition": gettext_noop("反不正当竞争法"),
    "platform": gettext_noop("平台规则"),
    "pipl": gettext_noop("个人信息保护法"),
    "protection": gettext_noop("平台价保，一般 15 天"),
    "stacking": gettext_noop("平台的叠加规则"),
}
SURE: dict[str, str] = {
    "P": gettext_noop("查过原文"),
    "S": gettext_noop("转引，没查原文"),
    "W": gettext_noop("常见做法，没有权威出处"),
    "U": gettext_noop("没找到出处"),
    "own": gettext_noop("自定的"),
}
PARTS: dict[str, str] = {
    "offers": gettext_noop("优惠"),
    "steps": gettext_noop("多的档"),
    "repeating": gettext_noop("每满"),
    "cap": gettext_noop("封顶"),
    "claim": gettext_noop("要领券"),
    "goods": gettext_noop("限商品"),
    "left_out": gettext_noop("有不参加的"),
    "buyers": gettext_noop("限买家"),
    "per_person": gettext_noop("每人限用"),
    "times": gettext_noop("不同时间"),
    "choice": gettext_noop("赠品要选"),
}
BANDS: dict[str, str] = {
    "easy": gettext_noop("一看就懂"),
    "fair": gettext_noop("要说清楚"),
    "hard": gettext_noop("太难懂"),
}
MISSING: dict[str, str] = {
    "organiser": gettext_noop("谁办的"),
    "starts_at": gettext_noop("开始时间"),
    "ends_at": gettext_noop("结束时间"),
    "prizes": gettext_noop("奖品"),
    "name": gettext_noop("奖品是什么"),
    "odds": gettext_noop("中奖率或数量"),
}


def finding_text(finding: Finding, translate: Callable[[str], str] = gettext) -> str:
    """What was found."""
    sentence = SENTENCES[finding.code]
    if finding.code == "baseline_not_known" and "until" not in finding.params:
        sentence = NO_ORDERS
    return translate(sentence) % _shown(finding.params)


def _shown(params: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as sentences read them: amounts in yuan, lists joined, places and parts in words."""
    shown: dict[str, Any] = {}
    for name, value in params.items():
        if name.endswith("cents"):
            shown[name.removesuffix("_cents")] = format_cents(value)
        elif name == "parts":
            shown[name] = parts_text(value)
        elif name == "buyers" and isinstance(value, str):
            shown[name] = audience_text(value)
        elif name == "missing":
            shown[name] = listed(gettext(MISSING[one]) for one in value)
        elif name == "odds_ppm":
            shown["odds"] = f"{value / 10_000:g}%"
        elif isinstance(value, (list, tuple)):
            shown[name] = listed(value)
        elif isinstance(value, int):
            shown[name] = f"{value:,}"
        else:
            shown[name] = value
    if "place" in params:
        shown["where"] = _where(params["place"], params["about"])
    if "other" in params and "campaign" in params:
        shown |= _shared(params)
    return shown


def _shared(params: Mapping[str, Any]) -> dict[str, str]:
    owner = params["campaign"]
    goods = gettext("都管全店")
    if params["count"]:
        goods = gettext("有 %(count)s 件商品重了（%(names)s）") % {
            "count": f"{params['count']:,}",
            "names": listed(params["names"]),
        }
    return {
        "owner": gettext("活动「%(name)s」的") % {"name": owner} if owner else gettext("店里的"),
        "goods": goods,
    }


def _where(place: str, about: str) -> str:
    named = {
        "name": gettext("活动名"),
        "theme": gettext("活动的一句话"),
        "page": gettext("店铺页的字"),
        "offer": gettext("优惠「%(name)s」"),
        "gift": gettext("优惠「%(name)s」的赠品"),
        "coupon": gettext("券「%(name)s」"),
        "item": gettext("价格表「%(name)s」的商品名"),
        "round": gettext("轮次「%(name)s」"),
    }
    return named[place] % {"name": about} if about else named[place]


def parts_text(parts: Sequence[Sequence[Any]]) -> str:
    """`2 优惠、1 每满、1 封顶`."""
    told = gettext("%(points)s 分%(part)s")
    return listed(told % {"points": points, "part": gettext(PARTS[part])} for part, points in parts)


def complexity_text(found: Complexity) -> str:
    """`5 分，要说清楚`."""
    return gettext("%(points)s 分，%(band)s") % {"points": found.points, "band": gettext(BANDS[found.band])}


def source_text(rule: Rule) -> str:
    """`明码标价和禁止价格欺诈规定 16, 17（查过原文）`."""
    name = gettext(SOURCES[rule.source])
    if rule.article:
        name = gettext("%(law)s第 %(article)s 条") % {
            "law": name,
            "article": rule.article.replace(", ", "、"),
        }
    if rule.source in ("own", "practice"):
        return name
    return gettext("%(source)s（%(sure)s）") % {"source": name, "sure": gettext(SURE[rule.sure])}


def signed_text(signed: Signed) -> str:
    """`林夏（店长）11-01 10:00 签字放行：有吊牌照片为证`."""
    role = str(Role(signed.role).label) if signed.role in Role.values else signed.role
    told = {"by": signed.by, "role": role, "at": signed.at, "reason": signed.reason}
    return gettext("%(by)s（%(role)s）%(at)s 签字放行：%(reason)s") % told


GROUP_NAMES: dict[str, str] = {
    "offers": gettext_noop("几样优惠合在一起"),
    "prices": gettext_noop("价格从哪来"),
    "words": gettext_noop("写的字"),
    "limits": gettext_noop("券、奖品、赠品"),
    "buyers": gettext_noop("谁买什么价"),
    "beside": gettext_noop("同时在跑的"),
}


def group_text(group: str) -> str:
    """What a group of rules looks at."""
    return gettext(GROUP_NAMES[group])


def leads_to(finding: Finding) -> str:
    """Which page mends it: `sheet:3`, `offer:12`, `said`, `edit`, `segment`, `rounds`."""
    if finding.code == "price_protection":
        return "protection"
    kind, _, rest = finding.subject.partition(":")
    if finding.code.startswith(LADDER) or kind == "offer":
        return f"{kind}:{rest.partition('/')[0]}"
    places = {"page": "said", "name": "edit", "theme": "edit", "campaign": "offers", "item": "sheet"}
    return places.get(kind.partition("/")[0], "")
