"""Set-up sheets in words: tools, fields, values, what was found, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from laoke.money import format_cents, plain_cents
from laoke.promotions.describing import audience_text
from laoke.promotions.setup import Field, Finding, Tool
from laoke.promotions.setup.links import SetupRefused
from laoke.shops.joins import clauses, listed
from laoke.web import components as ui
from laoke.web import figures
from laoke.web.components.base import Words
from laoke.web.components.words import State
from laoke.web.pages.offers.mechanics import MECHANICS

TOOLS: dict[Tool, Words] = {
    Tool.ITEM: _("单品宝"),
    Tool.SHOP: _("店铺宝"),
    Tool.BUNDLE: _("搭配宝"),
    Tool.COUPON: _("优惠券"),
    Tool.MEMBER: _("会员等级折扣"),
    Tool.PLATFORM: _("平台活动，报名就行"),
    Tool.NONE: _("没有工具能执行"),
}
FIELDS: dict[str, Words] = {
    "name": _("活动名称"),
    "start": _("开始时间"),
    "end": _("结束时间"),
    "coupon_kind": _("券的种类"),
    "face": _("面额"),
    "threshold": _("满多少元"),
    "issued": _("发行量"),
    "per_person": _("每人限领或限用"),
    "range": _("参加的商品"),
    "off": _("减多少"),
    "multiple": _("每满都减，上不封顶"),
    "rate": _("打几折"),
    "pieces": _("满几件"),
    "gift": _("赠品"),
    "gift_pieces": _("送几件"),
    "free_postage": _("包邮"),
    "excluded_regions": _("不包邮的地区"),
    "promotion_type": _("优惠方式"),
    "set_price": _("套餐价"),
    "set_piece": _("这件要几个"),
    "level": _("会员等级"),
}
CHOICES: dict[str, Words] = {
    "shop_coupon": _("店铺优惠券"),
    "item_coupon": _("商品优惠券"),
    "no_limit": _("不限"),
    "whole_shop": _("全店"),
    "some_goods": _("指定商品，见下面的名单"),
    "minus": _("减钱"),
    "discount": _("打折"),
}
SURE: dict[str, Words] = {
    "primary": _("平台接口文档里写的"),
    "unverified": _("没查到出处，以后台为准"),
    "": "",
}
SEVERITY: dict[str, tuple[Words, State]] = {
    "bad": (_("设不了"), "bad"),
    "warn": (_("要注意"), "warn"),
    "note": (_("留意"), ""),
}

# Found, expected, what to do.
SENTENCES: dict[str, tuple[Words, Words, Words]] = {
    "no_tool": (
        _("%(mechanic)s，规则表里没有能执行它的后台工具"),
        _("单品宝、店铺宝、搭配宝、优惠券或会员折扣里的一种"),
        _("换成后台有的优惠%(nearest)s；后台真有这个工具，就在那里照优惠的内容设"),
    ),
    "platform_signs_up": (
        _("这是平台的活动，平台自己减"),
        _("商品报上名"),
        _("到后台的活动中心报名，报上的商品才会减"),
    ),
    "audience": (
        _("只给「%(found)s」"),
        _("工具里没有按人群的字段"),
        _("改成人人可用，或只发给会员%(send)s"),
    ),
    "per_person_unknown": (
        _("每人限用 %(found)s 次"),
        _("工具里没有每人限用的字段"),
        _("去掉每人限用，或改用优惠券"),
    ),
    "goods_unknown": (
        _("商品清单里没有参加的商品%(categories)s"),
        _("至少一件"),
        _("先导入商品清单，或在优惠里直接写商品编号"),
    ),
    "over": (
        _("%(end)s 已经结束"),
        _("还没结束的优惠"),
        _("要用就改优惠的时间"),
    ),
    "coupon_face_api": (
        _("面额 %(found)s 元"),
        _("接口只收 %(values)s 元"),
        _("在后台手工建；要用接口建，就改成这几个面额"),
    ),
    "coupon_face_manual": (
        _("面额 %(found)s 元"),
        _("后台手工建：%(least)s 到 %(most)s 的整元"),
        _("改成整元；后台收这个数就不用改"),
    ),
    "coupon_threshold": (
        _("门槛 %(found)s，面额 %(face)s"),
        _("门槛高于面额"),
        _("把门槛写高一点；后台收无门槛券就不用改"),
    ),
    "coupon_threshold_cents": (
        _("门槛 %(found)s 元"),
        _("接口的门槛以元为单位"),
        _("改成整元"),
    ),
    "coupon_days": (
        _("能用 %(found)s 天"),
        _("后台手工建：最多 %(most)s 天"),
        _("分成两张先后的券，或缩短；后台收这么长就不用改"),
    ),
    "coupon_per_person": (
        _("每人 %(found)s 张"),
        _("接口收 1 到 %(most)s 张；后台手工建收 %(values)s 或不限（没查到出处）"),
        _("改成两边都收的数，或按后台能选的填"),
    ),
    "coupon_live": (
        _("已有 %(found)s 张券在用"),
        _("最多 %(most)s 张"),
        _("先结束不用的券"),
    ),
    "coupon_issued": (
        _("没有写发行量"),
        _("要发多少张"),
        _("在下面写上发行量"),
    ),
    "coupon_claimed": (
        _("优惠写的是不用领券"),
        _("平台的券要先领才能用"),
        _("让买家看得到领券的地方，或改成满减"),
    ),
    "shop_steps": (
        _("有 %(found)s 档"),
        _("接口一个活动只有一档的字段"),
        _("在后台一个活动里加档；加不了就一档建一个活动，买家自动取减得多的"),
    ),
    "shop_cap": (
        _("封顶 %(found)s 元"),
        _("工具只有上不封顶的每满减，没有封顶的字段"),
        _("不选每满都减，写成几档：%(steps)s"),
    ),
    "shop_repeating_pieces": (
        _("每 %(found)s 件减一次"),
        _("每满都减的字段只对金额有说明"),
        _("后台按件数选不了每满都减，就写成几档"),
    ),
    "shop_rate": (
        _("%(found)s 折"),
        _("折扣写到 0.01 折为止，例如 8.55 折写 855"),
        _("改成两位小数的折扣"),
    ),
    "shop_lowest_rate": (
        _("最深打到 %(found)s 折"),
        _("不低于店铺的最低折扣设置"),
        _("到后台看最低折扣，低于它的活动不生效"),
    ),
    "shop_gift_choice": (
        _("一档有 %(found)s 种赠品可选"),
        _("工具里赠品是一个字段"),
        _("后台选不了几种，就只留一种"),
    ),
    "shop_gift_stock": (
        _("赠品最少的只有 %(found)s 件"),
        _("工具里没有赠品数量的字段"),
        _("把赠品建成商品、写库存，或快送完时自己停掉"),
    ),
    "shop_nth_piece": (
        _("第 %(pieces)s 件 %(pay)s 折"),
        _(
            "接口只有「满几件打几折」：%(pieces)s 件同价时就是满 %(pieces)s 件 %(rate)s 折；"
            "价不同时减最便宜的一件，这一点没查到出处"
        ),
        _("商品价差大或买家常买更多件时，先在回放里比一比两种的差"),
    ),
    "shop_most_times": (
        _("每单最多 %(found)s 次"),
        _("工具里没有每单次数的字段"),
        _("去掉次数限制，或接受不限"),
    ),
    "item_goods": (
        _("%(found)s 件商品"),
        _("一个活动最多 %(most)s 件，接口一次加 %(per_call)s 件"),
        _("分成 %(activities)s 个活动，名单已经分好"),
    ),
    "item_activities": (
        _("要建 %(found)s 个活动，已有 %(live)s 个在用"),
        _("一共最多 %(most)s 个"),
        _("先结束不用的，或改成店铺级的优惠"),
    ),
    "item_name": (
        _("名称「%(found)s」超过 %(most)s 个字"),
        _("%(most)s 个字以内才照原样显示"),
        _("买家会看到「卖家优惠」；要显示名称就改短"),
    ),
    "item_per_person": (
        _("每人限 %(found)s 件"),
        _("限时折扣收每人 %(values)s 件或不限"),
        _("改成其中一个"),
    ),
    "item_no_list_price": (
        _("%(found)s 件没有标价：%(products)s"),
        _("有标价，才算得出要减多少"),
        _("在商品清单里补上标价再导入"),
    ),
    "item_not_below": (
        _("%(found)s 件的活动价不低于标价：%(products)s"),
        _("活动价低于标价"),
        _("这些没有放进名单；改价或拿掉"),
    ),
    "item_amounts": (
        _("要减的钱有 %(found)s 种"),
        _("一个活动减同样的钱"),
        _("按减多少分成几个活动；后台能逐件写价就建一个，照名单里的活动价填"),
    ),
    "item_stock": (
        _("限量 %(found)s 件"),
        _("工具里没有限量的字段"),
        _("用商品库存来限，卖完自己下架活动价"),
    ),
    "bundle_unknown": (
        _("套餐有 %(found)s 种商品"),
        _("没有查到搭配宝的限制"),
        _("照着填，后台不收就按它说的改"),
    ),
    "member_level": (
        _("会员等级「%(found)s」"),
        _("平台的等级只有 %(values)s"),
        _("改成平台的等级名"),
    ),
    "member_rate": (
        _("%(level)s %(found)s 折"),
        _("最低 %(least)s 折"),
        _("改高一点，或用单品宝做"),
    ),
    "member_rate_places": (
        _("%(level)s %(found)s 折"),
        _("折扣写到 0.01 折为止，例如 9.5 折写 950"),
        _("改成两位小数的折扣"),
    ),
    "member_no_window": (
        _("优惠有时间%(scope)s"),
        _("会员折扣没有时间和商品的字段，全店一直有效"),
        _("开始时打开，结束时自己改回去"),
    ),
}  # fmt: skip
REFUSALS: dict[str, Words] = {
    "link_https": _("链接是「%(found)s」，要以 https:// 开头。到后台重新复制"),
    "link_long": _("链接有 %(found)s 个字，最多 %(most)s 个。去掉后面的参数"),
    "link_broken": _("链接「%(found)s」里有空格、汉字或别的不该有的字。到后台重新复制"),
    "link_host": _("链接的网站是「%(found)s」，要是像 shop.example.com 这样的域名，不带端口"),
    "link_user": _("链接里网站（%(found)s）前面带了用户名，可能是骗人的。到后台重新复制"),
    "activity_id": _("活动号是「%(found)s」，只能有数字、字母、- 和 _，最多 %(most)s 个"),
    "activity_id_missing": _("还没有活动号。在后台建好，抄来活动号，再标成已设置"),
    "state": _("没有「%(found)s」这个状态"),
    "report_empty": _("至少写一个数：发行、领取或使用"),
    "report_future": _("统计到 %(as_of)s，还没到这个时间"),
    "report_number": _("数要在 0 到 %(most)s 之间"),
}  # fmt: skip
FILE_REFUSALS: dict[str, Words] = {
    "columns": _("文件里没有选的列。现有的列：%(found)s"),
    "duplicate": _("「%(column)s」出现两次。删掉或改名一列再传"),
    "ids": _(
        "第 %(line)s 行的「%(column)s」是 %(found)s，后面的数字已经被 Excel 丢掉。"
        "从后台重新导出，不用 Excel 打开，直接传"
    ),
    "empty": _("表头下面没有一行写了东西"),
    "too_long": _("最多 %(most)s 行，分几份再传"),
}  # fmt: skip


def value_text(field: Field) -> str:
    """What to type into a field of the back office."""
    value = field.value
    if field.kind == "choice":
        return str(CHOICES[str(value)])
    if field.kind == "flag":
        return gettext("是") if value else gettext("否")
    if isinstance(value, tuple):
        return listed(value)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int):
        return number_text(field.kind, value)
    return value


def number_text(kind: str, value: int) -> str:
    """An amount in yuan, a rate in tenths, a count: without separators, as it is typed."""
    if kind == "cents":
        return plain_cents(value).removesuffix(".00")
    return tenths(value) if kind == "rate" else str(value)


def tenths(pay_bp: int) -> str:
    """8500 as `8.5`."""
    return f"{pay_bp / 1000:g}"


def field_name(field: Field) -> str:
    """`第 2 档 满多少元`, or the name alone."""
    name = str(FIELDS[field.name])
    if not field.step:
        return name
    return gettext("第 %(n)s 档 %(name)s") % {"n": field.step, "name": name}


def finding_texts(finding: Finding) -> tuple[str, str, str]:
    """What was found, what was expected, what to do."""
    said = _said(finding.params)
    if finding.code == "audience":
        said["found"] = audience_text(said["found"])
    found, expected, todo = (str(text) % said for text in SENTENCES[finding.code])
    return found, expected, todo


def basis_text(finding: Finding) -> str:
    """What a finding rests on, with the source of its number where it has one."""
    return clauses(text for text in (str(SURE[finding.sure]), finding.source) if text)


def severity_status(finding: Finding) -> ui.Status:
    """`设不了`, `要注意`, `留意`."""
    text, tone = SEVERITY[finding.severity]
    return ui.Status(text, tone)


def _said(params: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, value in params.items():
        if name in _SPECIAL:
            said[name] = _SPECIAL[name](value)
        elif name.endswith("_cents"):
            said[name.removesuffix("_cents")] = figures.cents(value)
        elif name.endswith("_bp"):
            said[name.removesuffix("_bp")] = tenths(value)
        elif isinstance(value, tuple):
            said[name] = listed(str(one) for one in value)
        elif isinstance(value, datetime):
            said[name] = f"{value:%Y-%m-%d %H:%M}"
        else:
            said[name] = value
    if "piece_steps" in params:
        said["steps"] = _piece_steps(params["piece_steps"])
    if "whole" in params:
        said["scope"] = "" if params["whole"] else gettext("，只给一部分商品")
    return said


def _steps(steps: tuple[tuple[int, int], ...]) -> str:
    """The steps of a ladder that was unfolded, thresholds in yuan."""
    form = gettext("满 %(threshold)s 减 %(off)s")
    return listed(form % {"threshold": _short(one), "off": _short(off)} for one, off in steps)


def _piece_steps(steps: tuple[tuple[int, int], ...]) -> str:
    form = gettext("满 %(pieces)s 件减 %(off)s")
    return listed(form % {"pieces": one, "off": _short(off)} for one, off in steps)


def _short(cents: int) -> str:
    return f"{cents // 100}" if cents % 100 == 0 else format_cents(cents)


def _nearest(mechanic: str) -> str:
    return gettext("，例如「%(name)s」") % {"name": MECHANICS[mechanic]} if mechanic else ""


def _categories(names: tuple[str, ...]) -> str:
    return gettext("（类目：%(names)s）") % {"names": listed(names)} if names else ""


def _send(most: int) -> str:
    return gettext("（接口一次发 %(most)s 人）") % {"most": most} if most else ""


_SPECIAL: dict[str, Any] = {
    "mechanic": lambda name: MECHANICS.get(name, name),
    "nearest": _nearest,
    "categories": _categories,
    "send": _send,
    "steps": _steps,
}


def refusal_text(refused: SetupRefused) -> str:
    """Why something was not kept."""
    return str(REFUSALS[refused.code]) % _said(refused.params)


def file_refusal_text(code: str, params: Mapping[str, Any]) -> str:
    """Why a file cannot be used."""
    said = {name: listed(value) if isinstance(value, list) else value for name, value in params.items()}
    return str(FILE_REFUSALS[code]) % said
