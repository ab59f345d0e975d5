"""Checks, funnels, states and reviews as plain data with their words: for the command line and the API."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext, gettext_noop

from laoke.campaigns.checks import RoundChecks, reason_label
from laoke.campaigns.launch_words import finding_text, signed_text, source_text
from laoke.campaigns.launching import Launch
from laoke.campaigns.models import Review
from laoke.campaigns.rounds import RoundStatus
from laoke.dispatch.models import MessageState
from laoke.dispatch.planning import Funnel
from laoke.dispatch.text.preview import millis_to_cents
from laoke.money import format_cents

VERDICTS: dict[str, str] = {
    "helps": gettext_noop("有用"),
    "hurts": gettext_noop("没用"),
    "unclear": gettext_noop("看不出差别"),
    "uneven": gettext_noop("分组不均，不下结论"),
    "no_control": gettext_noop("没有对照"),
    "not_enough": gettext_noop("数据不够"),
    "no_facts": gettext_noop("还没有导入这段时间的订单"),
    "withheld": gettext_noop("有订单不知道成本，不算利润"),
}
METRIC_LABELS = {
    "orders": gettext_noop("每人订单"),
    "revenue": gettext_noop("每人成交（退款后）"),
    "profit": gettext_noop("每人利润（扣短信费）"),
}


def checks_of(found: RoundChecks) -> dict[str, Any]:
    """The points of a round with their sentences."""
    return {
        "ready": found.ready,
        "people": found.people,
        "checks": [
            {
                "code": check.code, "state": check.state, "title": check.title, "text": check.text,
                "leads_to": check.leads_to,
            }
            for check in found.checks
        ],
        "funnel": funnel_of(found.funnel) if found.funnel else None,
    }  # fmt: skip


def launch_of(found: Launch) -> dict[str, Any]:
    """The launch checks of a campaign: each finding with its rule, its source, its state and who signed for it."""
    return {
        "ready": not found.weighed.blocks,
        "complexity": {"points": found.complexity.points, "band": found.complexity.band},
        "findings": [
            {
                "rule": finding.rule.number, "code": finding.code, "severity": finding.severity,
                "subject": finding.subject, "text": finding_text(finding), "source": source_text(finding.rule),
                "sure": finding.rule.sure, "state": finding.state,
                "signed": signed_text(signed) if signed else None,
            }
            for finding, signed in found.weighed.findings
        ],
        "lapsed": [signed_text(one) for one in found.weighed.lapsed],
    }  # fmt: skip


def funnel_of(funnel: Funnel) -> dict[str, Any]:
    """A funnel with the labels of its reasons."""
    return {
        "segment": funnel.segment,
        "left_out": _reasons(funnel.left_out),
        "treated": funnel.treated,
        "held_out": funnel.held_out,
        "later": _reasons(funnel.later),
    }


def _reasons(found: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{"reason": code, "label": reason_label(code), "count": count} for code, count in found]


def status_of(status: RoundStatus) -> dict[str, Any]:
    """Where a round stands."""
    row, progress = status.round, status.progress
    states = progress.states if progress else {}
    return {
        "key": row.key,
        "name": row.name,
        "channel": row.channel,
        "state": row.state,
        "state_label": str(row.get_state_display()),
        "paused_because": row.occasion.pause_reason if row.occasion else "",
        "funnel": funnel_of(status.funnel) if status.funnel else None,
        "states": states,
        "state_labels": {_state_label(state): count for state, count in states.items()},
        "cost_cents": millis_to_cents(progress.cost_millis) if progress else 0,
        "segments": progress.segments if progress else 0,
        "per_minute": status.per_minute,
    }


def _state_label(state: str) -> str:
    if state == "left_out":
        return gettext("计划时排除")
    return str(MessageState(state).label) if state in MessageState.values else state


def verdict_label(verdict: str) -> str:
    """A verdict in words."""
    return gettext(VERDICTS[verdict])


def review_text(review: Review) -> str:
    """A review in some lines for people."""
    result = review.result
    lines = [f"{review.campaign.name}，数据到 {result['facts_until']}，归因 {result['attribution_days']} 天"]
    lines += _comparison_lines("整个活动", result["campaign"])
    for row in result["rounds"]:
        lines += _comparison_lines(f"轮 {row['key']} {row['name']}", row)
    paid = sum(day["paid_cents"] or 0 for day in result["days"])
    target = [day["target_cents"] for day in result["days"] if day["target_cents"] is not None]
    goal = f"，目标 ¥ {format_cents(sum(target))}" if target else ""
    lines.append(f"活动期间成交 ¥ {format_cents(paid)}{goal}")
    return "\n".join(lines)


def _comparison_lines(name: str, told: dict[str, Any]) -> list[str]:
    over = "" if told["window_over"] else "，还没到期"
    lines = [
        f"{name}：发 {told['treated']:,} 人，对照 {told['held_out']:,} 人（{told['from']} – {told['until']}{over}）"
    ]
    if told["merged_left_out"]:
        lines.append(f"  合并后分不清组的 {told['merged_left_out']} 人不算")
    lines += [
        f"  {gettext(METRIC_LABELS[metric])}：{_metric_text(metric, found)}"
        for metric, found in told["metrics"].items()
    ]
    return lines


def _metric_text(metric: str, found: dict[str, Any]) -> str:
    verdict = verdict_label(found["verdict"])
    missing = found.get("missing")
    if missing and missing["need"] is not None:
        verdict += gettext("，要 %(need)s 人") % {"need": f"{missing['need']:,}"}
    difference = found.get("difference")
    if difference is None:
        return verdict
    shown = [_amount(metric, difference[name]) for name in ("estimate", "low", "high")]
    total = [_amount(metric, found["incremental"][name], whole=True) for name in ("estimate", "low", "high")]
    return (
        f"{verdict}；每人 {shown[0]}（{shown[1]} 到 {shown[2]}），共 {total[0]}（{total[1]} 到 {total[2]}）"
    )


def _amount(metric: str, value: float, *, whole: bool = False) -> str:
    if metric == "orders":
        return f"{value:+,.0f}" if whole else f"{value:+.4f}"
    return format_cents(round(value), symbol="¥ ")
