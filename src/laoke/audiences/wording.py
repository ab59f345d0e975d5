"""A filter in words: what each condition says, what was found of a person, and why a text was refused.

The only place of the package that speaks to people; everything else gives codes and values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext, gettext_lazy, ngettext, pgettext

from laoke.audiences.contradictions import contradiction_in
from laoke.audiences.printing import decimal_text
from laoke.audiences.text import unit_of
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import (
    EXPECTED,
    GOODS,
    TRAITS,
    WEEKDAYS,
    Amount,
    And,
    Between,
    Birthday,
    BoughtPriced,
    BoughtProduct,
    Bounds,
    Condition,
    Consented,
    Coupons,
    Day,
    Expected,
    HadCase,
    Has,
    High,
    InGroup,
    InSegment,
    Node,
    Not,
    OfGoods,
    OneOf,
    Or,
    RandomShare,
    Reachable,
    RefundTimes,
    Reviewed,
    Rewards,
    Sequence,
    Step,
    Tagged,
    Touched,
    Trait,
    TreeError,
    Window,
    Within,
)
from laoke.audiences.value_basis import ValueBasis, asks_value
from laoke.money import format_cents
from laoke.shops.joins import aside, bracketed, clauses, listed, named

_ = gettext_lazy

CHANNEL_NAMES: Mapping[str, Any] = {
    "sms": _("短信"), "email": _("邮件"), "call": _("电话"), "handover": _("名单导出"),
}  # fmt: skip
REASON_NAMES: Mapping[str, Any] = {
    "": _("可触达"), "opted_out": _("已退订"), "tag": _("带有不打扰标签"), "dead_contact": _("空号或停机"),
    "no_contact": _("没有联系方式"), "invalid": _("号码无效"), "masked": _("号码已脱敏"),
    "no_profiling": _("不愿被分析挑选"), "no_consent": _("没有同意记录"), "consent_expired": _("同意已过期"),
}  # fmt: skip
VALUE_NAMES: Mapping[str, Mapping[str, Any]] = {
    "lifecycle": {
        "prospect": _("潜客"), "new_customer": _("新客"), "active": _("活跃"), "silent": _("沉默"),
        "dormant": _("沉睡"), "nearly_lost": _("预流失"), "lost": _("流失"),
    },
    "group": {"loyal": _("忠诚客户"), "active": _("活跃客户"), "ordinary": _("一般客户")},
    "rfm": {
        "key_value": _("重要价值客户"), "key_recall": _("重要唤回客户"), "key_develop": _("重要发展客户"),
        "key_retain": _("重要挽留客户"), "general_value": _("一般价值客户"), "general_keep": _("一般保持客户"),
        "general_new": _("一般发展客户"), "general_lost": _("一般挽留客户"),
    },
    "city_tier": {"first": _("一线城市"), "new_first": _("新一线城市")},
    "usual_weekday": {
        "mon": _("周一"), "tue": _("周二"), "wed": _("周三"), "thu": _("周四"), "fri": _("周五"), "sat": _("周六"),
        "sun": _("周日"),
    },
}  # fmt: skip
MONTHLY = ("bought_month", "birthday_month")
_MEASURE_NAMES: Mapping[str, Any] = {
    "bought": _("购买次数"), "items": _("购买件数"), "used_coupon": _("用券单数"), "spent": _("消费金额"),
    "net_spent": _("减去退款后的消费"), "refunded": _("退款金额"), "average_order": _("平均每次消费"),
    "full_price": _("全价下单数"), "coupon_share": _("用券订单占比"), "refund_share": _("退款占消费"),
}  # fmt: skip
_FIELD_NAMES: Mapping[str, Any] = {
    "city": _("城市"), "province": _("省份"), "lifecycle": _("生命周期"), "group": _("分组"), "rfm": _("RFM 类型"),
    "last_order": _("最近一次购买"), "first_order": _("首次购买"), "city_tier": _("城市级别"),
    "platform_level": _("平台等级"), "usual_weekday": _("常买的星期"), "bought_month": _("买过的月份"),
    "birthday_month": _("生日月份"),
}  # fmt: skip
_TRAIT_NAMES: Mapping[str, Any] = {
    "mean_gap": _("平均隔多少天买一次"), "overdue": _("距上次购买是平均间隔的"), "r_score": _("R 分"),
    "f_score": _("F 分"), "m_score": _("M 分"), "fm_score": _("F 与 M 的平均分"), "usual_hour": _("常买的钟点"),
    "rfm_orders": _("计入 F 的购买次数"), "rfm_spent": _("计入 M 的金额"),
    "active_probability": _("还是客户的机会"),
}  # fmt: skip
_HIGH_NAMES: Mapping[str, Any] = {
    "recency": _("最近购买高于店铺的线（R 高）"), "frequency": _("购买次数高于店铺的线（F 高）"),
    "money": _("金额高于店铺的线（M 高）"),
}  # fmt: skip
_GOODS_NAMES: Mapping[str, Any] = {
    "bought_category": _("购买类目含“%(words)s”的商品，次数 %(range)s"),
    "items_of_product": _("购买标题含“%(words)s”的商品，件数 %(range)s"),
    "items_of_category": _("购买类目含“%(words)s”的商品，件数 %(range)s"),
    "spent_on_product": _("购买标题含“%(words)s”的商品，金额 %(range)s"),
    "spent_on_category": _("购买类目含“%(words)s”的商品，金额 %(range)s"),
}
_REFUND_NAMES: Mapping[str, Any] = {"": _("退款次数"), "money": _("仅退款次数"), "goods": _("退货退款次数")}
CASE_NAMES: Mapping[str, Any] = {
    "return": _("退换货"), "refund": _("退款"), "delay": _("物流慢、丢件"), "quality": _("质量问题"),
    "review": _("差评"), "other": _("别的"),
}  # fmt: skip
CASE_STATE_NAMES: Mapping[str, Any] = {"open": _("还没办完"), "closed": _("办完了")}
_TOUCH_NAMES: Mapping[str, Any] = {
    "touched": _("触达次数"), "delivered": _("送达次数"), "answered": _("回复次数"),
}  # fmt: skip
_COUPON_NAMES: Mapping[str, Any] = {
    "holds_coupon": _("持有能用的自有券"), "used_code": _("用掉的自有券"),
}  # fmt: skip
_REWARD_NAMES: Mapping[str, Any] = {
    "points_held": _("手里能用的积分"), "points_earned": _("得到的积分"), "points_used": _("用掉的积分"),
    "drew": _("抽奖次数"), "won": _("中奖次数"), "brought": _("带来的朋友"), "was_brought": _("被老客带来的次数"),
}  # fmt: skip
_EXPECTED_NAMES: Mapping[str, Any] = {
    "expected_orders": _("未来 %(days)s 天预计购买次数 %(range)s"),
    "expected_spend": _("未来 %(days)s 天预计消费 %(range)s"),
}
CONTACT_NAMES: Mapping[str, Any] = {"phone": _("手机号"), "email": _("邮箱"), "nick": _("昵称")}


def describe(node: Node) -> str:
    """What a filter says, in one sentence."""
    match node:
        case And(parts):
            return pgettext("joins conditions", "，且").join(_grouped(part, Or) for part in parts)
        case Or(parts):
            return pgettext("joins conditions", "，或").join(_grouped(part, And) for part in parts)
        case Not(part):
            return gettext("不满足：%(condition)s") % {"condition": describe(part)}
        case Amount(measure, bounds, window):
            return _in_window(window, f"{_MEASURE_NAMES[measure]} {_bounds_text(bounds, unit_of(measure))}")
        case Day(field, when):
            text = _dates_text(when) if isinstance(when, Between) else _days_ago_text(when)
            return f"{_FIELD_NAMES[field]} {text}"
        case OneOf(field, values):
            names = [_value_text(field, value) for value in values]
            return named(_FIELD_NAMES[field], listed(names))
        case BoughtProduct(words, bounds, window):
            params = {"words": words, "times": _bounds_text(bounds, "count")}
            return _in_window(window, gettext("购买标题含“%(words)s”的商品，次数 %(times)s") % params)
        case _:
            return _flag_text(node)


def _flag_text(node: Node) -> str:
    match node:
        case InGroup(group):
            return gettext("在群“%(group)s”里") % {"group": group} if group else gettext("在群里")
        case Tagged(tag):
            return gettext("有标签“%(tag)s”") % {"tag": tag}
        case Consented(channel):
            return gettext("同意接收%(channel)s") % {"channel": CHANNEL_NAMES[channel]}
        case Reachable(channel):
            return gettext("可通过%(channel)s触达") % {"channel": CHANNEL_NAMES[channel]}
        case Has(contact):
            return gettext("留有%(contact)s") % {"contact": CONTACT_NAMES[contact]}
        case Trait(name, bounds):
            return f"{_TRAIT_NAMES[name]} {_bounds_text(bounds, TRAITS[name])}"
        case Expected(measure, bounds, days):
            said = _bounds_text(bounds, EXPECTED[measure])
            return str(_EXPECTED_NAMES[measure]) % {"days": days, "range": said}
        case High(what):
            return str(_HIGH_NAMES[what])
        case Birthday(days):
            return ngettext("生日在今天起 %(days)s 天内", "生日在今天起 %(days)s 天内", days) % {"days": days}
        case InSegment(name, _):
            return gettext("在人群“%(name)s”里") % {"name": name}
        case RandomShare(share, seed):
            return gettext("随机抽 %(share)s（暗号“%(seed)s”）") % {
                "share": _number_text(share, "share"), "seed": seed,
            }  # fmt: skip
        case _:
            return _fact_text(node)


def _fact_text(node: Node) -> str:
    match node:
        case OfGoods(measure, words, bounds, window):
            unit = "money" if GOODS[measure][1] == "cents" else "count"
            params = {"words": words, "range": _bounds_text(bounds, unit)}
            return _in_window(window, str(_GOODS_NAMES[measure]) % params)
        case BoughtPriced(price, bounds, window):
            params = {"price": _bounds_text(price, "money"), "range": _bounds_text(bounds, "count")}
            return _in_window(window, gettext("购买单价 %(price)s 的商品，次数 %(range)s") % params)
        case Reviewed(bounds, rating, photo, window):
            stars = (
                [] if rating is None else [gettext("%(range)s 星") % {"range": _bounds_text(rating, "count")}]
            )
            wanted = [*stars, *([gettext("有图")] if photo else [])]
            name = aside(gettext("评价次数"), listed(wanted)) if wanted else gettext("评价次数")
            return _in_window(window, f"{name} {_bounds_text(bounds, 'count')}")
        case RefundTimes(bounds, kind, window):
            return _in_window(window, f"{_REFUND_NAMES[kind]} {_bounds_text(bounds, 'count')}")
        case HadCase(bounds, kind, state, window):
            told = [*([CASE_NAMES[kind]] if kind else []), *([CASE_STATE_NAMES[state]] if state else [])]
            name = aside(gettext("售后次数"), listed(told)) if told else gettext("售后次数")
            return _in_window(window, f"{name} {_bounds_text(bounds, 'count')}")
        case Coupons(measure, bounds, issue, window):
            name = str(_COUPON_NAMES[measure])
            name = aside(name, gettext("批次“%(issue)s”") % {"issue": issue}) if issue else name
            return _in_window(window, gettext("%(name)s张数 %(range)s") % {
                "name": name, "range": _bounds_text(bounds, "count"),
            })  # fmt: skip
        case Rewards("points_ending", bounds, _, Within(days)):
            said = {"days": days, "range": _bounds_text(bounds, "count")}
            return gettext("未来 %(days)s 天里到期的积分 %(range)s") % said
        case Rewards(measure, bounds, lottery, window):
            name = str(_REWARD_NAMES[measure])
            name = aside(name, gettext("“%(lottery)s”") % {"lottery": lottery}) if lottery else name
            return _in_window(window, f"{name} {_bounds_text(bounds, 'count')}")
        case Touched(measure, bounds, channel, window):
            name = str(_TOUCH_NAMES[measure])
            name = aside(name, CHANNEL_NAMES[channel]) if channel else name
            return _in_window(window, f"{name} {_bounds_text(bounds, 'count')}")
        case Sequence(first, then, days, negated, window):
            begun = _in_window(window, _step_text(first))
            params = {"first": begun, "then": _step_text(then), "days": str(days)}
            if negated:
                return gettext("%(first)s，最后一次之后 %(days)s 天里没有%(then)s") % params
            return gettext("%(first)s，之后 %(days)s 天内%(then)s") % params
        case _:
            return gettext("所有人")


def _step_text(step: Step) -> str:
    if step.kind == "product":
        return gettext("买过标题含“%(words)s”的商品") % {"words": step.words}
    if step.kind == "category":
        return gettext("买过类目含“%(words)s”的商品") % {"words": step.words}
    if step.kind == "bought":
        return gettext("买过")
    if step.kind == "answered":
        channel = {"channel": CHANNEL_NAMES[step.words]} if step.words else {}
        return gettext("用%(channel)s回复过") % channel if channel else gettext("回复过")
    if step.words:
        return gettext("收到过%(channel)s") % {"channel": CHANNEL_NAMES[step.words]}
    return gettext("收到过消息")


def _value_text(field: str, value: str) -> str:
    if field in MONTHLY:
        return gettext("%(month)s 月") % {"month": value}
    return str(VALUE_NAMES.get(field, {}).get(value, value))


def _grouped(part: Node, kind: type) -> str:
    return bracketed(describe(part)) if isinstance(part, kind) else describe(part)


def _in_window(window: Window, text: str) -> str:
    if isinstance(window, Within):
        return ngettext("近 %(days)s 天%(text)s", "近 %(days)s 天%(text)s", window.days) % {
            "days": window.days,
            "text": text,
        }
    if window is not None:
        return f"{_dates_text(window)} {text}"
    return text


def _dates_text(window: Between) -> str:
    return gettext("%(first)s 至 %(last)s") % {
        "first": window.first.isoformat(),
        "last": window.last.isoformat(),
    }


def _number_text(value: int, unit: str) -> str:
    if unit == "share":
        percent, rest = divmod(value, 100)
        return f"{percent}.{rest:02}%" if rest else f"{percent}%"
    if unit == "decimal":
        return decimal_text(value)
    return format_cents(value, symbol="¥") if unit == "money" else str(value)


def _bounds_text(bounds: Bounds, unit: str) -> str:
    if bounds.high is None:
        return f"≥ {_number_text(bounds.low or 0, unit)}"
    if bounds.low is None:
        return f"≤ {_number_text(bounds.high, unit)}"
    if bounds.low == bounds.high:
        return f"= {_number_text(bounds.low, unit)}"
    return f"{_number_text(bounds.low, unit)} – {_number_text(bounds.high, unit)}"


def _days_ago_text(bounds: Bounds) -> str:
    if bounds.low is None and bounds.high is not None:
        return ngettext("在 %(days)s 天以内", "在 %(days)s 天以内", bounds.high) % {"days": bounds.high}
    if bounds.high is None:
        return gettext("在 %(days)s 天前或更早") % {"days": bounds.low}
    return gettext("在 %(low)s 至 %(high)s 天前") % {"low": bounds.low, "high": bounds.high}


def plain_value(condition: Condition, value: Any) -> Any:
    """What was found, as JSON can say it: a day as ISO text, money in cents."""
    if value is None:
        return None
    if isinstance(condition, Day):
        return date.fromordinal(value + date(1970, 1, 1).toordinal()).isoformat()
    match condition:
        case OneOf("bought_month", _):
            return [month + 1 for month in range(12) if value >> month & 1]
        case OneOf("usual_weekday", _):
            return WEEKDAYS[value]
        case Trait("mean_gap", _):
            return round(float(value), 1)
    return value


def found_text(condition: Condition, value: Any) -> str:
    """What was found of a person, in words."""
    if isinstance(condition, Reachable):
        return str(REASON_NAMES.get(value, value)) if value is not None else gettext("没有同意记录或联系方式")
    if isinstance(condition, Tagged | InGroup | Has | Consented | High | InSegment):
        return gettext("是") if value else gettext("否")
    if value is None:
        return gettext("没有算过") if asks_value(condition) else gettext("没有")
    match condition:
        case Amount(measure, _, _) if unit_of(measure) != "count":
            return _number_text(value, unit_of(measure))
        case OfGoods(measure, _, _, _) if GOODS[measure][1] == "cents":
            return _number_text(value, "money")
        case Expected(measure, _, _):
            return _number_text(value, EXPECTED[measure])
        case Trait(name, _) if TRAITS[name] in ("share", "money"):
            return _number_text(value, TRAITS[name])
        case RandomShare():
            return gettext("抽到第 %(place)s") % {"place": _number_text(value, "share")}
        case Sequence():
            return gettext("有") if value else gettext("没有")
        case OneOf(field, _):
            plain = plain_value(condition, value)
            values = plain if isinstance(plain, list) else [plain]
            return listed(_value_text(field, str(one)) for one in values if one != "") or gettext("没有")
    return str(plain_value(condition, value))


_REFUSALS: Mapping[str, Any] = {
    "empty": _("还没有条件。可以写：%(allowed)s"),
    "too_long": _("条件太长，最多 %(most)s 个字"),
    "too_deep": _("括号套得太深，最多 %(most)s 层"),
    "too_many": _("条件太多，最多 %(most)s 个"),
    "strange_letter": _("第 %(place)s 个字“%(found)s”在这里没有意义"),
    "unclosed_text": _("第 %(place)s 个字起的引号没有合上"),
    "expected": _("第 %(place)s 个字处是“%(found)s”，这里可以写：%(allowed)s"),
    "ends_early": _("条件没写完，接下来可以写：%(allowed)s"),
    "expected_text": _("第 %(place)s 个字处要写一段文字，用引号括起来"),
    "unknown_condition": _("没有叫“%(found)s”的条件，是不是：%(allowed)s"),
    "unknown_word": _("“%(found)s”不能用在这里，可以写：%(allowed)s"),
    "needs_unit": _("“%(found)s”是多少天？加上单位，如 90d、12w、6m、1y"),
    "no_unit_here": _("“%(found)s”这里不能带单位，可以写：%(allowed)s"),
    "not_whole": _("“%(found)s”要写成整数"),
    "bad_money": _("“%(found)s”不是金额，写成元，最多两位小数"),
    "bad_date": _("“%(found)s”不是日期，写成 2025-11-11 这样"),
    "empty_range": _("第 %(place)s 个字起的范围里什么都没有：起点要小于终点"),
    "bad_bound": _("第 %(place)s 个字起的数太大"),
    "bad_window": _("第 %(place)s 个字起的天数太多"),
    "empty_text": _("第 %(place)s 个字处的文字是空的"),
    "text_too_long": _("第 %(place)s 个字起的文字太长，最多 %(most)s 个字"),
    "bad_list": _("名单里最多写 %(most)s 项"),
    "needs_percent": _("“%(found)s”要写成百分数，如 30%%"),
    "bad_share": _("“%(found)s”不是百分数，最多写两位小数"),
    "out_of_range": _("这里的数只能在 %(low)s 到 %(high)s 之间"),
    "said_twice": _("第 %(place)s 个字起的“%(found)s”写了两遍"),
    "bad_decimal": _("“%(found)s”最多写两位小数"),
    "bad_horizon": _("预计只算到这些天：%(allowed)s"),
    "no_value": _("还没有算过客户价值，算好以前这个条件数不了"),
    "no_value_said": _("算不出这家店的客户价值，原因看「客户价值」那一页。这个条件数不了"),
    "only_rates": _("这家店的客户价值只照同类客户的回购率估，没有还是客户的机会，这个条件数不了"),
    "bad_step": _("第 %(place)s 个字处要写一件事，不带次数：%(allowed)s"),
    "segment_missing": _("没有叫“%(name)s”的人群，改掉它再用"),
    "segment_archived": _("人群“%(name)s”已经收起，改掉它或把它放回来再用"),
    "segment_cycle": _("人群“%(name)s”绕了一圈又用到自己：%(names)s"),
    "rule_circle": _("有标签按规则用到人群“%(name)s”，这样写会绕圈子：%(names)s"),
    "rule_builds_on": _("有标签按规则用到人群“%(name)s”，里面就不能有另一个按规则的标签：%(names)s"),
    "segment_deep": _("人群套人群太深，最多 %(most)s 层"),
}
_NO_FILTER = _("这不是一个能用的人群条件")


def refusal_text(error: FilterError | TreeError) -> str:
    """Why a filter was refused: where, what was found, what may stand there."""
    message = _REFUSALS.get(error.code, _NO_FILTER)
    params: dict[str, Any] = dict(error.params)
    if isinstance(error, FilterError):
        params |= {
            "place": error.position + 1, "found": error.found, "allowed": listed(error.allowed),
        }  # fmt: skip
    if "names" in params:
        params["names"] = " → ".join(params["names"])
    known = {"place": 1, "found": "", "allowed": "", "most": "", "low": "", "high": "", "name": ""} | params
    return str(message) % known


def impossible_text(node: Node) -> str:
    """Why a filter can hold for nobody, '' when nothing is found that says so."""
    found = contradiction_in(node)
    if found is None:
        return ""
    said = clauses(describe(part) for part in found.parts)
    if len(found.parts) == 1:
        return gettext("没有人会符合：%(said)s") % {"said": said}
    return gettext("没有人能同时满足：%(said)s") % {"said": said}


def value_text(basis: ValueBasis) -> str:
    """What to know of customer value before relying on a filter that asks for it, '' when there is nothing."""
    said = []
    if basis.by_rates:
        said.append(gettext("预计是照同类客户的回购率估的，没有用模型"))
    if basis.day < basis.as_of:
        told = gettext("客户价值算到 %(day)s，那以后才第一次买的人不在里面")
        said.append(told % {"day": basis.day.isoformat()})
    return clauses(said)


def not_ready_text(code: str) -> str:
    """Why there is nothing to count over yet."""
    if code == "no_facts":
        return gettext("还没有订单。先导入店铺的订单")
    return gettext("客户数据还在整理，过一会儿再看")
