"""What a round still lacks before it may go: one list, each point with its state, its sentence and where to mend it.

`missing` keeps a round from being launched, `warning` should be read, `ok` is shown so that people see what was looked
at. Consent, refusals and caps are asked again person by person before each send; here they are asked for the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from django.utils.translation import gettext, gettext_noop

from laoke.audiences import counting
from laoke.audiences.references import unknown_groups, unknown_tags
from laoke.audiences.snapshots import read_snapshot
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import Node, TreeError
from laoke.audiences.wording import refusal_text
from laoke.campaigns.arms import arm_function
from laoke.campaigns.coupons import face_values
from laoke.campaigns.editing import override_of
from laoke.campaigns.gates import gates_of
from laoke.campaigns.launch_words import finding_text
from laoke.campaigns.launching import check_launch
from laoke.campaigns.models import Round
from laoke.campaigns.templates import body_hash, provider_code
from laoke.campaigns.windows import window_issues
from laoke.customers.models import Channel
from laoke.dispatch import occasions
from laoke.dispatch.models import MessageState, Occasion
from laoke.dispatch.planning import Funnel, PlannedPerson, preview_funnel
from laoke.dispatch.planning import funnel as planned_funnel
from laoke.dispatch.templates import check_text, preview_text
from laoke.dispatch.text.issues import Issue, Severity
from laoke.dispatch.text.messages import say as say_issue
from laoke.dispatch.text.preview import Preview, millis_to_cents
from laoke.money import format_cents
from laoke.shops.joins import clauses, listed, named
from laoke.shops.unavailable_words import told
from laoke.warehouse.limits import TooLong, unlimited

State = Literal["ok", "warning", "missing"]

TITLES: dict[str, str] = {
    "segment": gettext_noop("人群"),
    "reachable": gettext_noop("能发到的人"),
    "gateway": gettext_noop("通道"),
    "signature": gettext_noop("签名"),
    "text": gettext_noop("文字"),
    "opt_out": gettext_noop("退订提示"),
    "coupon": gettext_noop("券面额"),
    "template": gettext_noop("模板编号"),
    "cost": gettext_noop("条数和费用"),
    "hours": gettext_noop("时段"),
    "quota": gettext_noop("短信额度"),
    "test": gettext_noop("试发"),
    "backtest": gettext_noop("优惠回放"),
    "launch": gettext_noop("上线检查"),
    "holdout": gettext_noop("对照"),
}
SENTENCES: dict[str, str] = {
    "segment_none": gettext_noop("还没有选人群"),
    "segment_empty": gettext_noop("人群里现在没有人"),
    "segment_count": gettext_noop("%(people)s 人"),
    "segment_slow": gettext_noop("人群没有数完：%(problem)s"),
    "segment_text": gettext_noop("人群写法不对：%(problem)s"),
    "segment_tags": gettext_noop("人群里写了没有的标签：%(tags)s。建好它，或把它改掉"),
    "segment_groups": gettext_noop("店里没有这些在用的群：%(groups)s"),
    "nobody": gettext_noop("%(people)s 人里没有一个能发，最多的原因是「%(reason)s」%(count)s 人"),
    "reachable_count": gettext_noop("发 %(treated)s 人，对照 %(held_out)s 人，%(left_out)s 人不发"),
    "gateway_none": gettext_noop("还没有短信通道"),
    "gateway_stopped": gettext_noop("通道停着：%(reason)s"),
    "gateway_loopback": gettext_noop("演练通道，不会真的发出去"),
    "gateway_name": gettext_noop("%(name)s"),
    "no_text_needed": gettext_noop("名单交给平台的工具发，文字写在那里"),
    "fine": gettext_noop("没有问题"),
    "coupon_differs": gettext_noop("文字里写的券是 %(said)s 元，活动的券是 %(faces)s 元，改成一样的"),
    "coupon_same": gettext_noop("%(said)s 元，和活动的券一样"),
    "template_none": gettext_noop("还没有填网关给的模板编号"),
    "template_code": gettext_noop("%(code)s"),
    "cost_range": gettext_noop("每人最长 %(longest)s 条，全部最多 %(segments)s 条，¥ %(cost)s"),
    "quota_short": gettext_noop("还剩 %(left)s 条，最多要 %(needed)s 条，差 %(short)s 条"),
    "quota_enough": gettext_noop("还剩 %(left)s 条，够用"),
    "quota_unknown": gettext_noop("没有填额度，最多要 %(needed)s 条"),
    "test_none": gettext_noop("先试发一条给自己"),
    "test_stale": gettext_noop("试发以后文字改过，再试发一条"),
    "test_running": gettext_noop("试发还在路上"),
    "test_failed": gettext_noop("试发没有成：%(state)s"),
    "test_sent": gettext_noop("%(at)s 试发过"),
    "backtest_none": gettext_noop("这一轮带着优惠「%(offer)s」，先看它在往年订单上的回放"),
    "backtest_stale": gettext_noop("回放以后优惠「%(offer)s」改过，再看一次"),
    "backtest_refused": gettext_noop("回放的那段日子只有 %(found)s 单，要 %(needed)s 单才说得准"),
    "backtest_loss": gettext_noop("按回放，%(orders)s 单会亏本卖出"),
    "backtest_costless": gettext_noop("看过 %(first)s – %(last)s 的回放，没有商品成本，不知道会不会亏"),
    "backtest_seen": gettext_noop("看过 %(first)s – %(last)s 的回放"),
    "backtest_not_needed": gettext_noop("这一轮不带优惠"),
    "launch_blocked": gettext_noop("%(count)s 项不能上：%(first)s"),
    "launch_warned": gettext_noop("没有不能上的，%(count)s 项要看"),
    "launch_signed": gettext_noop("%(signed)s 项签字放行（%(by)s），%(count)s 项要看"),
    "launch_fine": gettext_noop("优惠、价格、用词没有问题"),
    "holdout_kept": gettext_noop("留 %(percent)s%% 不发，用来证明效果"),
    "holdout_signed": gettext_noop("不留对照，%(by)s签字：%(reason)s"),
    "holdout_none": gettext_noop("没有对照，也没有人签字，复盘就说不出效果"),
    "window_over": gettext_noop("这一轮的时间已经过了"),
}  # fmt: skip
REASON_LABELS: dict[str, str] = {
    "erased": gettext_noop("已要求删除"),
    "opted_out": gettext_noop("已退订"),
    "no_contact": gettext_noop("没有联系方式"),
    "masked_contact": gettext_noop("号码已脱敏"),
    "invalid_contact": gettext_noop("号码无效"),
    "dead_contact": gettext_noop("空号或停机"),
    "tag": gettext_noop("打了不打扰的标签"),
    "no_profiling": gettext_noop("不愿被分析挑选"),
    "no_consent": gettext_noop("没有同意的依据"),
    "consent_expired": gettext_noop("同意已过期"),
    "bought_recently": gettext_noop("刚买过，免得来问差价"),
    "refund_open": gettext_noop("退款还没了结"),
    "cap_day": gettext_noop("24 小时内发过"),
    "cap_week": gettext_noop("7 天内发够了"),
    "cap_month": gettext_noop("30 天内发够了"),
    "duplicate_contact": gettext_noop("和别人同一个号码"),
    "missing_value": gettext_noop("缺变量的值"),
    "contact_changed": gettext_noop("号码换过了"),
    "cancelled": gettext_noop("取消了"),
    "expired": gettext_noop("过时没发"),
}
# Which page mends it; the web turns these into addresses.
LEADS_TO = {
    "no_consent": "consent",
    "consent_expired": "consent",
    "no_contact": "handover",
    "masked_contact": "handover",
    "invalid_contact": "handover",
    "dead_contact": "handover",
}


@dataclass(frozen=True)
class Check:
    """One point. `leads_to` names what mends it: segment, consent, handover, gateways, text, templates, test,
    window, offers, launch, holdout; '' = nothing to mend."""

    code: str
    state: State
    sentence: str = "fine"
    params: dict[str, Any] = field(default_factory=dict)
    leads_to: str = ""
    issues: tuple[Issue, ...] = ()

    @property
    def title(self) -> str:
        """What was looked at."""
        return gettext(TITLES[self.code])

    @property
    def text(self) -> str:
        """What was found; the sentences of its issues when it has some."""
        if self.issues:
            return clauses(say_issue(issue) for issue in self.issues)
        return said(self.sentence, self.params)


def said(code: str, params: dict[str, Any], translate: Callable[[str], str] = gettext) -> str:
    """The sentence of a check."""
    return translate(SENTENCES[code]) % params


def reason_label(code: str) -> str:
    """Why people are left out, in words; a code of another part stays as it is."""
    return gettext(REASON_LABELS.get(code, code))


@dataclass(frozen=True)
class RoundChecks:
    """All points of a round, with the funnel and the preview that they rest on."""

    checks: tuple[Check, ...]
    people: int
    funnel: Funnel | None
    preview: Preview | None

    @property
    def missing(self) -> list[Check]:
        """What keeps the round from going."""
        return [check for check in self.checks if check.state == "missing"]

    @property
    def ready(self) -> bool:
        """Whether it may be launched."""
        return not self.missing


def check_round(row: Round, now: datetime) -> RoundChecks:
    """Look at everything that a launch depends on. Reads only; 20,000 people take about a second.

    Within a limit of time (`limits.py`) people who take longer to find are a point that is missing.
    """
    try:
        segment, people = _segment(row, now)
        funnel = _funnel(row, people, now) if people else None
    except TooLong as slow:
        segment, people, funnel = _slow(slow), [], None
    by_gateway = row.channel != Channel.HANDOVER
    shown = _preview(row, funnel) if by_gateway and row.gateway is not None else None
    checks = [segment]
    if funnel is not None:
        checks.append(_reachable(funnel))
    if by_gateway:
        checks += [_gateway(row), *_text(row), *_coupon(row), _template(row)]
        if shown is not None:
            checks += [_cost(shown), _quota(row, shown)]
    else:
        checks.append(Check("text", "ok", "no_text_needed"))
    checks.append(_hours(row, now))
    if by_gateway:
        checks.append(_test(row))
    with unlimited():  # what is asked of goods and prices here is kept, and counts nobody
        checks += [_backtest(row), _launch(row, now), _holdout(row)]
    return RoundChecks(tuple(checks), len(people), funnel, shown)


def people_of(row: Round, now: datetime) -> list[int]:
    """The persons of a round: of its snapshot when it has one, else of its segment as it is now."""
    if row.snapshot is not None:
        table = read_snapshot(row.snapshot).people
    else:
        table = counting.members(row.campaign.shop, row.segment_text, now.date())
    return list(table.column("person_id").to_pylist())


def tree_of(row: Round) -> Node:
    """What the round's segment says now, with the segments it names."""
    return counting.tree_of(row.campaign.shop, row.segment_text)


def _segment(row: Round, now: datetime) -> tuple[Check, list[int]]:
    if not row.segment_text:
        return Check("segment", "missing", "segment_none", leads_to="segment"), []
    try:
        people = people_of(row, now)
    except (FilterError, TreeError) as error:
        return Check("segment", "missing", "segment_text", {"problem": refusal_text(error)}, "segment"), []
    if row.snapshot is None and (tags := unknown_tags(row.campaign.shop, tree_of(row))):
        return Check("segment", "missing", "segment_tags", {"tags": listed(tags)}, "segment"), people
    if row.snapshot is None and (groups := unknown_groups(row.campaign.shop, tree_of(row))):
        return Check("segment", "missing", "segment_groups", {"groups": listed(groups)}, "segment"), people
    if not people:
        return Check("segment", "missing", "segment_empty", leads_to="segment"), []
    return Check("segment", "ok", "segment_count", {"people": f"{len(people):,}"}), people


def _slow(slow: TooLong) -> Check:
    return Check("segment", "missing", "segment_slow", {"problem": told(slow)}, "segment")


def _funnel(row: Round, people: Sequence[int], now: datetime) -> Funnel:
    # An occasion without a plan is one whose planning was cut short: it has no rows to count yet.
    if row.occasion is not None and row.occasion.planned_at is not None:
        return planned_funnel(row.occasion)
    unsaved = Occasion(shop=row.campaign.shop, kind="round", channel=row.channel, is_marketing=True)
    unsaved.rules = {"gates": gates_of(row)}
    return preview_funnel(
        unsaved, [PlannedPerson(person) for person in people], arms=arm_function(row), now=now
    )


def _reachable(funnel: Funnel) -> Check:
    if not funnel.treated:
        reason, count = max(funnel.left_out, key=lambda pair: pair[1], default=("", 0))
        params = {"people": f"{funnel.segment:,}", "reason": reason_label(reason), "count": f"{count:,}"}
        return Check("reachable", "missing", "nobody", params, LEADS_TO.get(reason, "segment"))
    counts = {
        "treated": f"{funnel.treated:,}",
        "held_out": f"{funnel.held_out:,}",
        "left_out": f"{funnel.segment - funnel.passed:,}",
    }
    return Check("reachable", "ok", "reachable_count", counts)


def _gateway(row: Round) -> Check:
    if row.gateway is None:
        return Check("gateway", "missing", "gateway_none", leads_to="gateways")
    if row.gateway.stopped_reason:
        return Check(
            "gateway", "missing", "gateway_stopped", {"reason": row.gateway.stopped_reason}, "gateways"
        )
    if row.gateway.is_loopback:
        return Check("gateway", "ok" if row.campaign.shop.is_demo else "warning", "gateway_loopback")
    return Check("gateway", "ok", "gateway_name", {"name": row.gateway.name})


def _text(row: Round) -> list[Check]:
    provider = row.gateway.provider if row.gateway else "default"
    found = check_text(row.signature, row.body, "marketing", provider)
    groups: dict[str, list[Issue]] = {"signature": [], "text": [], "opt_out": []}
    for issue in found:
        name = next((name for name in ("signature", "opt_out") if issue.code.startswith(name)), "text")
        groups[name].append(issue)
    return [_of_issues(name, issues, "text") for name, issues in groups.items()]


def _of_issues(code: str, issues: Sequence[Issue], leads_to: str) -> Check:
    errors = [issue for issue in issues if issue.severity is Severity.ERROR]
    if errors:
        return Check(code, "missing", leads_to=leads_to, issues=tuple(errors))
    warnings = [issue for issue in issues if issue.severity is Severity.WARNING]
    if warnings:
        return Check(code, "warning", leads_to=leads_to, issues=tuple(warnings))
    return Check(code, "ok", issues=tuple(issues))


def _coupon(row: Round) -> list[Check]:
    """A coupon changed after the text was planned must not go out with its former value."""
    told = row.variables.get("coupon_value")
    faces = face_values(row.campaign)
    if not told or not faces or "${coupon_value}" not in row.body:
        return []
    if told in faces:
        return [Check("coupon", "ok", "coupon_same", {"said": told})]
    params = {"said": told, "faces": listed(dict.fromkeys(faces))}
    return [Check("coupon", "missing", "coupon_differs", params, "text")]


def _template(row: Round) -> Check:
    code = provider_code(row)
    if not code:
        return Check("template", "missing", "template_none", leads_to="templates")
    return Check("template", "ok", "template_code", {"code": code})


def _preview(row: Round, funnel: Funnel | None) -> Preview:
    assert row.gateway is not None
    people = funnel.treated if funnel else 0
    return preview_text(
        row.signature,
        row.body,
        price_millis=row.gateway.price_millis,
        people=people,
        provider=row.gateway.provider,
        values=row.variables,
    )


def _cost(shown: Preview) -> Check:
    return Check(
        "cost",
        "ok",
        "cost_range",
        {
            "longest": shown.longest.segments,
            "segments": f"{shown.segment_range[1]:,}",
            "cost": format_cents(millis_to_cents(shown.cost_range_millis[1])),
        },
    )


def _quota(row: Round, shown: Preview) -> Check:
    assert row.gateway is not None
    left, needed = row.gateway.quota_left, shown.segment_range[1]
    if left is None:
        return Check("quota", "ok", "quota_unknown", {"needed": f"{needed:,}"})
    if left < needed:
        params = {"left": f"{left:,}", "needed": f"{needed:,}", "short": f"{needed - left:,}"}
        return Check("quota", "missing", "quota_short", params, "gateways")
    return Check("quota", "ok", "quota_enough", {"left": f"{left:,}"})


def _hours(row: Round, now: datetime) -> Check:
    if row.closes_at <= now:
        return Check("hours", "missing", "window_over", leads_to="window")
    issues = window_issues(
        row.campaign.shop, row.channel, row.gateway, row.opens_at, row.closes_at, override_of(row)
    )
    return _of_issues("hours", issues, "window")


_TEST_DONE = (MessageState.ACCEPTED, MessageState.DELIVERED, MessageState.NO_RECEIPT)
_TEST_OPEN = (MessageState.PLANNED, MessageState.CLAIMED, MessageState.SENDING, MessageState.UNKNOWN)


def _test(row: Round) -> Check:
    if row.test_occasion is None or not row.tested_body_hash:
        return Check("test", "missing", "test_none", leads_to="test")
    if row.tested_body_hash != body_hash(row):
        return Check("test", "missing", "test_stale", leads_to="test")
    states = occasions.progress(row.test_occasion).states
    state = next(iter(states), "")
    if state in _TEST_DONE:
        return Check("test", "ok", "test_sent", {"at": f"{row.tested_at:%m-%d %H:%M}"})
    if state in _TEST_OPEN:
        return Check("test", "missing", "test_running", leads_to="test")
    label = str(MessageState(state).label) if state in MessageState.values else state
    return Check("test", "missing", "test_failed", {"state": label}, "test")


def _backtest(row: Round) -> Check:
    if row.offer is None:
        return Check("backtest", "ok", "backtest_not_needed")
    link = row.campaign.campaign_offers.filter(offer=row.offer).select_related("backtest").first()
    offer = {"offer": row.offer.name}
    if link is None or link.backtest is None:
        return Check("backtest", "missing", "backtest_none", offer, "offers")
    if link.backtest.created_at < row.offer.updated_at:
        return Check("backtest", "missing", "backtest_stale", offer, "offers")
    result = link.backtest.result
    if result.get("refused"):
        params = {"found": result["orders"], "needed": result["needed_orders"]}
        return Check("backtest", "warning", "backtest_refused", params, "offers")
    if result["loss_orders_after"]:
        return Check(
            "backtest", "warning", "backtest_loss", {"orders": result["loss_orders_after"]}, "offers"
        )
    params = {"first": str(link.backtest.period_from), "last": str(link.backtest.period_to)}
    if result["loss_orders_after"] is None:
        return Check("backtest", "warning", "backtest_costless", params, "offers")
    return Check("backtest", "ok", "backtest_seen", params)


def _launch(row: Round, now: datetime) -> Check:
    """What the whole campaign may not say, ask or promise; its own page tells each point with its rule."""
    weighed = check_launch(row.campaign, now).weighed
    if weighed.blocks:
        params = {"count": len(weighed.blocks), "first": finding_text(weighed.blocks[0])}
        return Check("launch", "missing", "launch_blocked", params, "launch")
    if weighed.signed:
        by = listed(dict.fromkeys(named(signed.by, signed.reason) for _, signed in weighed.signed))
        params = {"signed": len(weighed.signed), "by": by, "count": len(weighed.warnings)}
        return Check("launch", "warning", "launch_signed", params, "launch")
    if weighed.warnings:
        return Check("launch", "warning", "launch_warned", {"count": len(weighed.warnings)}, "launch")
    return Check("launch", "ok", "launch_fine")


def _holdout(row: Round) -> Check:
    campaign = row.campaign
    if campaign.holdout_percent:
        return Check("holdout", "ok", "holdout_kept", {"percent": f"{float(campaign.holdout_percent):g}"})
    if campaign.holdout_signed_by is not None and campaign.holdout_reason:
        params = {"by": str(campaign.holdout_signed_by), "reason": campaign.holdout_reason}
        return Check("holdout", "warning", "holdout_signed", params)
    return Check("holdout", "missing", "holdout_none", leads_to="holdout")
