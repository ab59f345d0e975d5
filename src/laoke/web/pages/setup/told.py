"""What orders show of an offer in sentences: how it was counted, what cannot be told, and the estimate that says so."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext, ngettext

from laoke.campaigns.reconciling import Reconciled, until_of
from laoke.promotions.setups import report_value
from laoke.web import components as ui
from laoke.web import figures


def orders_facts(one: Reconciled, now: datetime) -> ui.Facts:
    """The counts of orders, and until when."""
    orders = one.orders
    assert orders is not None
    form = gettext("%(n)s 单")

    def count(number: int) -> str:
        return form % {"n": figures.exact(number)}

    facts = [
        (gettext("看到"), figures.when(until_of(one.offer, one.report, now), now)),
        (gettext("够得着的订单"), count(orders.reached)),
        (gettext("看得出用了"), count(orders.shown)),
        (gettext("分不出来"), count(orders.maybe)),
        (gettext("一共减了"), figures.yuan(orders.discount_cents)),
        (gettext("怎么看的"), _how(one)),
    ]
    if one.difference is not None:
        facts.insert(3, (gettext("后台说用了"), gettext("%(n)s 次") % {"n": figures.exact(_used(one))}))
    return ui.Facts(facts)


def _used(one: Reconciled) -> int:
    assert one.report is not None
    return int(one.report.used or 0)


def _how(one: Reconciled) -> str:
    basis = (
        gettext("订单里的店铺优惠一列")
        if one.by_column
        else gettext("商品原价减去应付和平台优惠（这段订单没有店铺优惠一列）")
    )
    how = gettext("%(basis)s，和活动里各个优惠凑出来的数一分不差才算") % {"basis": basis}
    if one.coupon:
        how += gettext("；没有标用券的订单不算用了券")
    return how


def report_notices(one: Reconciled, now: datetime) -> list[ui.Notice]:
    """What cannot be compared, and numbers that contradict each other."""
    told: list[ui.Notice] = []
    if one.orders is None:
        told.append(ui.Notice(_why(one.why)))
    report = report_value(one.report)
    if report is not None and "taken_above_issued" in report.contradictions:
        params = {"taken": figures.exact(report.taken), "issued": figures.exact(report.issued)}
        text = (
            gettext("后台的数自相矛盾：领取 %(taken)s 多于发行 %(issued)s。再抄一次，或看看是不是加发过")
            % params
        )
        told.append(ui.Notice(text, tone="warn"))
    if report is not None and "used_above_taken" in report.contradictions:
        params = {"used": figures.exact(report.used), "taken": figures.exact(report.taken)}
        text = (
            gettext(
                "后台的数自相矛盾：使用 %(used)s 多于领取 %(taken)s。直接发的券可能不算领取；不是就再抄一次"
            )
            % params
        )
        told.append(ui.Notice(text, tone="warn"))
    if one.difference is not None and one.difference.facts_end is not None:
        text = gettext("订单只导入到 %(until)s，之后用的在订单里还看不到。导入新的订单再看") % {
            "until": figures.when(one.difference.facts_end, now)
        }
        told.append(ui.Notice(text, tone="warn"))
    return told


def _why(why: str) -> str:
    return {
        "no_facts": gettext("还没有导入订单，对不了账"),
        "not_begun": gettext("优惠还没开始"),
        "too_many": gettext("活动里的优惠太多，订单上减的钱分不清是哪个的"),
        "not_shown": gettext("赠品、包邮和平台的优惠在订单的优惠列里看不出来，只有后台的数"),
    }[why]


def estimate_notice(one: Reconciled) -> ui.Notice | None:
    """How many uses came from people whom we had sent it: an estimate, with how it was worked out."""
    if one.orders is None:
        return None
    if not one.rounds:
        return ui.Notice(gettext("没有带这个优惠的轮次发出去，说不出用的人里有多少是我们发过的"))
    found = one.estimate
    if found is None:
        return ui.Notice(gettext("没有认得出买家、又看得出用了它的订单，估不出用的人里有多少是我们发过的"))
    title = gettext("估计约 %(n)s 次是我们发过的人用的（%(low)s 到 %(high)s 之间）") % {
        "n": figures.exact(found.estimate), "low": figures.exact(found.low), "high": figures.exact(found.high),
    }  # fmt: skip
    params = {
        "known": figures.exact(found.known), "sent": figures.exact(found.sent), "used": figures.exact(found.used),
        "rounds": ngettext("%(n)s 轮", "%(n)s 轮", one.rounds) % {"n": figures.exact(one.rounds)},
    }  # fmt: skip
    how = gettext(
        "看得出用了、又认得出买家的订单有 %(known)s 单，其中 %(sent)s 单的买家下单前收到过带它的消息（%(rounds)s）。"
    )
    rest = (
        gettext(
            "按这个比例推到后台说的 %(used)s 次；订单里看不到的那些，可能全是、也可能全不是发过的人，所以给出两头。"
        )
        if found.by_report
        else gettext("没有后台的使用数，只按看得出的 %(used)s 单算。")
    )
    last = gettext("收到过不等于因为收到才用：真正多带来多少，看复盘里和对照比的结果。")
    return ui.Notice((how + rest + last) % params, title=title)
