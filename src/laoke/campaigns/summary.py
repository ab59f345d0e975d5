"""A campaign, its rounds and its tasks as plain data: what the command line and the API tell."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext

from laoke.campaigns.advice import say_advice
from laoke.campaigns.finding import campaign_tasks
from laoke.campaigns.models import Campaign, Round
from laoke.money import format_cents
from laoke.promotions.describing import describe
from laoke.promotions.offers import offer_value
from laoke.work.models import Task


def campaign_summary(campaign: Campaign) -> dict[str, Any]:
    """A campaign with all that belongs to it."""
    return {
        "campaign": {
            "id": campaign.pk,
            "name": campaign.name,
            "playbook": campaign.playbook,
            "day": str(campaign.day),
            "starts_at": _time(campaign.starts_at),
            "ends_at": _time(campaign.ends_at),
            "state": campaign.state,
            "holdout_percent": float(campaign.holdout_percent),
            "attribution_days": campaign.attribution_days,
            "target_cents": campaign.target_cents,
            "target_basis": campaign.target_basis,
        },
        "phases": [
            {"key": p.key, "name": p.name, "starts_at": _time(p.starts_at), "ends_at": _time(p.ends_at)}
            for p in campaign.phases.all()
        ],
        "rounds": [
            round_summary(row) for row in campaign.rounds.select_related("segment", "gateway", "offer")
        ],
        "tasks": [task_summary(task) for task in campaign_tasks(campaign)],
        "offers": [
            {
                "id": link.offer_id,
                "name": link.offer.name,
                "terms": describe(offer_value(link.offer)),
                "backtest": link.backtest_id,
            }
            for link in campaign.campaign_offers.select_related("offer").order_by("pk")
        ],
    }


def round_summary(row: Round) -> dict[str, Any]:
    """One round."""
    return {
        "id": row.pk,
        "number": row.number,
        "key": row.key,
        "name": row.name,
        "channel": row.channel,
        "gateway": row.gateway.name if row.gateway else None,
        "segment": row.segment.name if row.segment else None,
        "segment_text": row.segment_text,
        "opens_at": _time(row.opens_at),
        "closes_at": _time(row.closes_at),
        "signature": row.signature,
        "body": row.body,
        "variables": row.variables,
        "offer": row.offer_id,
        "holdout_percent": None if row.holdout_percent is None else float(row.holdout_percent),
        "state": row.state,
        "advice": [{"code": one["code"], "text": say_advice(one)} for one in row.advice],
    }


def task_summary(task: Task) -> dict[str, Any]:
    """One task."""
    return {
        "id": task.pk,
        "number": task.number,
        "key": task.key,
        "title": task.title,
        "phase": task.phase_key,
        "role": task.role,
        "in_charge": str(task.in_charge) if task.in_charge else None,
        "starts_at": _time(task.starts_at),
        "due_at": _time(task.due_at),
        "state": task.state,
        "state_label": str(task.get_state_display()),
        "evidence_wanted": task.evidence_wanted,
        "evidence": task.evidence,
        "if_it_fails": task.if_it_fails,
        "after": [one.key for one in task.after.all()],
    }


def campaign_text(campaign: Campaign) -> str:
    """A campaign in some lines for people."""
    told = campaign_summary(campaign)
    lines = [f"{campaign.name}  {campaign.starts_at:%m-%d} – {campaign.ends_at:%m-%d}"]
    if campaign.target_cents is not None:
        lines.append(f"目标 ¥ {format_cents(campaign.target_cents)}（{basis_text(campaign)}）")
    else:
        lines.append(f"没有目标：{basis_text(campaign)}")
    lines += [f"  {p['name']}  {p['starts_at']} – {p['ends_at']}" for p in told["phases"]]
    for row in told["rounds"]:
        where = "名单导出" if row["channel"] == "handover" else row["gateway"] or "还没有通道"
        lines.append(
            f"  轮 {row['key']} {row['name']}：{row['segment'] or row['segment_text']}，{where}，"
            f"{row['opens_at']} – {row['closes_at']}"
        )
        lines += [f"      · {one['text']}" for one in row["advice"] if one["code"] != "why"]
    lines += [f"  优惠 {o['id']} {o['name']}：{o['terms']}" for o in told["offers"]]
    lines.append(f"  任务 {len(told['tasks'])} 件")
    return "\n".join(lines)


def basis_text(campaign: Campaign) -> str:
    """What the proposed target rests on."""
    basis = campaign.target_basis
    code = basis.get("code")
    if code in ("visitors_last_year", "orders_last_year"):
        visitors = gettext("访客 × 转化 × 客单价")
        how = visitors if code == "visitors_last_year" else gettext("没有流量数据，只按订单")
        said = gettext("去年 %(first)s – %(last)s 成交 ¥ %(paid)s，近 90 天是上年的 %(growth)s%%；%(how)s")
        return said % {
            "first": basis["first"],
            "last": basis["last"],
            "paid": format_cents(basis["paid_cents"]),
            "growth": basis["growth_percent"],
            "how": how,
        }
    if code == "no_history":
        return gettext("去年这段日子没有成交")
    return gettext("还没有导入订单")


def _time(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat(sep=" ", timespec="minutes")
