"""The sentences for the codes of this package. The msgid is the Chinese text; English comes from the catalogue."""

from collections.abc import Callable
from datetime import datetime

from django.utils.translation import gettext, gettext_noop

from laoke.dispatch.text.issues import Issue

SENTENCES: dict[str, str] = {
    "emoji": gettext_noop("短信里不能有表情：%(characters)s，运营商会拒收或算成两个字"),
    "control_character": gettext_noop("短信里不能换行，也不能有看不见的控制字符"),
    "rare_character": gettext_noop("生僻字 %(characters)s 在有的手机上显示不出来"),
    "too_long": gettext_noop("最长时有 %(length)s 字，一条长短信最多 %(limit)s 字"),
    "segments_vary": gettext_noop("变量长短不同，每人按 %(least)s 到 %(most)s 条计费"),
    "signature_missing": gettext_noop("还没有填签名"),
    "signature_brackets": gettext_noop("签名不用带【】，通道会自动加上"),
    "signature_length": gettext_noop("签名有 %(length)s 个字，这个通道要 %(least)s 到 %(most)s 个字"),
    "signature_characters": gettext_noop("签名只能用汉字、字母和数字，这里有：%(characters)s"),
    "signature_digits": gettext_noop("签名不能全是数字"),
    "signature_test": gettext_noop("签名里不能有「测试」或 test"),
    "body_brackets": gettext_noop("正文里不能有【】，签名由通道加在最前面"),
    "unknown_variable": gettext_noop("没有变量 %(name)s，可用的有：%(known)s"),
    "repeated_variable": gettext_noop("变量 %(name)s 用了不止一次，每个变量只能用一次"),
    "adjacent_variables": gettext_noop("变量 %(first)s 和 %(second)s 挨在一起，中间要有文字"),
    "broken_placeholder": gettext_noop("有一个 ${ 没写完整，变量的写法是 ${buyer_nick}"),
    "only_variables": gettext_noop("正文不能只有变量"),
    "empty_body": gettext_noop("正文还是空的"),
    "variables_in_promotion": gettext_noop("通道 %(gateway)s 的营销短信里不能有变量"),
    "missing_value": gettext_noop("变量 %(name)s 没有值"),
    "long_value": gettext_noop("变量 %(name)s 的值有 %(length)s 字，最多 %(limit)s 字"),
    "opt_out_missing": gettext_noop("营销短信要以「%(wanted)s」结尾"),
    "opt_out_repeated": gettext_noop("退订提示出现了 %(count)s 次，只留结尾一次"),
    "opt_out_in_notice": gettext_noop("通知短信里不能有退订提示"),
    "marketing_in_notice": gettext_noop("通知短信里不能有营销内容：%(words)s"),
    "paid_praise": gettext_noop("不能用好处换好评：%(words)s。可以感谢任何真实评价"),
    "absolute_word": gettext_noop("「%(word)s」是广告法禁用的绝对化用语"),
    "strong_word": gettext_noop("「%(word)s」可能被认定为绝对化用语，要有证据才用"),
    "leads_away": gettext_noop("「%(words)s」会被通道审核驳回，也违反平台规则"),
    "window_empty": gettext_noop("结束时间要晚于开始时间"),
    "no_hours": gettext_noop("通道 %(gateway)s 和店铺的时段没有重合，这一轮发不出去"),
    "outside_hours": gettext_noop(
        "%(start)s 到 %(end)s 不在可发时段 %(window)s 内，可以改到 %(proposed_start)s – %(proposed_end)s"
    ),
    "pauses_outside_hours": gettext_noop("只在每天 %(window)s 发送，其余时间暂停"),
    "late_by_override": gettext_noop("超出平常时段，已由%(role)s签字：%(reason)s"),
    "override_role": gettext_noop("%(role)s不能批准晚发，可以批准的有：%(roles)s"),
    "override_reason": gettext_noop("晚发要写明理由"),
}

VARIABLE_LABELS: dict[str, str] = {
    "buyer_nick": gettext_noop("会员昵称"),
    "receiver_name": gettext_noop("收货人姓名"),
    "shop_name": gettext_noop("店铺名"),
    "item_title": gettext_noop("宝贝标题"),
    "order_no": gettext_noop("订单编号"),
    "order_time": gettext_noop("拍下时间"),
    "ship_time": gettext_noop("发货时间"),
    "carrier": gettext_noop("物流公司"),
    "waybill": gettext_noop("物流单号"),
    "city": gettext_noop("城市"),
    "amount": gettext_noop("金额"),
    "coupon_name": gettext_noop("优惠券名称"),
    "coupon_value": gettext_noop("优惠券面额"),
    "coupon_end": gettext_noop("优惠券到期"),
    "points": gettext_noop("积分"),
    "member_level": gettext_noop("会员等级"),
    "birthday": gettext_noop("生日"),
    "short_link": gettext_noop("短链接"),
}

ROLE_LABELS: dict[str, str] = {
    "owner": gettext_noop("店长"),
    "operator": gettext_noop("运营"),
    "service": gettext_noop("客服"),
    "designer": gettext_noop("美工"),
    "warehouse": gettext_noop("仓储"),
    "analyst": gettext_noop("分析"),
    "auditor": gettext_noop("审计"),
}


def say(issue: Issue, translate: Callable[[str], str] = gettext) -> str:
    """The sentence of a finding in the language of the request; KeyError for a code without a sentence."""
    sentence = translate(SENTENCES[issue.code])
    if not issue.params:
        return sentence
    return sentence % {name: _shown(name, value, translate) for name, value in issue.params.items()}


def _shown(name: str, value: object, translate: Callable[[str], str]) -> str:
    if isinstance(value, list):
        return translate(gettext_noop("、")).join(_shown(name, one, translate) for one in value)
    if isinstance(value, datetime):
        return f"{value:%m-%d %H:%M}"
    if name in ("role", "roles"):
        return translate(ROLE_LABELS.get(str(value), str(value)))
    return str(value)
