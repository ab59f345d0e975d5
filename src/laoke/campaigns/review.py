"""The review: what a campaign and each of its rounds brought beyond what would have come anyway.

By assignment: everyone who was placed counts, reached or not. Orders, revenue (after refunds) and profit per person are
compared with their 95 % interval; message cost is taken off the profit, coupons and discounts are in what people paid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction

from laoke.campaigns.comparing import Assigned, assigned_of, planned_shares, starts_at, touches_table
from laoke.campaigns.models import Campaign, CampaignState, Review, Round
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.targets import sales_by_day
from laoke.dispatch.text.preview import millis_to_cents
from laoke.experiments.assignment import HELD_OUT, TREATED
from laoke.experiments.stats import EMPTY, ArmStats, Judgement, SrmResult, judge, smallest_effect, srm_check
from laoke.promotions.facts import day_number, reader_at
from laoke.shops import audit, catalog
from laoke.shops.clock import Clock
from laoke.shops.models import CatalogEntry, User

if TYPE_CHECKING:
    from laoke.warehouse.engine import Reader

METRICS = ("orders", "revenue", "profit")


def review(campaign: Campaign, *, by: User | None, clock: Clock) -> Review:
    """Work a review out at the newest catalog entry and keep it.

    Raises
    ------
    CampaignRefused
        `no_facts`, or `no_review_data` when no round was launched.
    """
    now = clock.now()
    entry = catalog.current()
    if entry is None:
        raise CampaignRefused("no_facts")
    rounds = launched_rounds(campaign, now)
    if not rounds:
        raise CampaignRefused("no_review_data")
    reader = reader_at(entry)
    ends = max(_full_end(row) for row in rounds)
    facts_until = _facts_until(reader, campaign.shop_id)
    # What was not imported yet did not 'not happen': nothing is judged beyond the facts.
    known = min(now, facts_until) if facts_until else campaign.starts_at
    result = {
        "campaign": compared(reader, campaign, rounds, "campaign", ends, known),
        "rounds": [
            {
                "key": row.key,
                "name": row.name,
                "channel": row.channel,
                **compared(reader, campaign, [row], "round", _full_end(row), known),
            }
            for row in rounds
        ],
        "days": by_day(reader, campaign, known.date()),
        "facts_until": facts_until.isoformat(sep=" ", timespec="minutes") if facts_until else None,
        "attribution_days": campaign.attribution_days,
    }
    return _store(campaign, entry, min(ends, known), result, by, now)


def launched_rounds(campaign: Campaign, now: datetime) -> list[Round]:
    """The rounds that could have reached somebody by now, in their order."""
    rows = campaign.rounds.filter(occasion__launched_at__isnull=False).select_related(
        "occasion", "campaign__shop"
    )
    return [row for row in rows if row.occasion is not None and starts_at(row.occasion) <= now]


def _full_end(row: Round) -> datetime:
    assert row.occasion is not None
    return starts_at(row.occasion) + timedelta(days=row.campaign.attribution_days)


def compared(
    reader: Reader, campaign: Campaign, rounds: Sequence[Round], level: str, ends: datetime, known: datetime
) -> dict[str, Any]:
    """One comparison: sizes, sample ratio, and the judgement of each metric. Facts are known until `known`."""
    assigned = [assigned_of(row, level) for row in rounds]
    first = min(one.start for one in assigned)
    until = max(min(ends, known), first)
    sums = arm_sums(reader, campaign, assigned, until)
    treated, control = sums.arms[TREATED], sums.arms[HELD_OUT]
    srm = srm_check(
        {TREATED: treated["orders"].n, HELD_OUT: control["orders"].n}, planned_shares(rounds, level)
    )
    cost_cents = millis_to_cents(sum(one.cost_millis for one in assigned))
    return {
        "from": first.isoformat(sep=" ", timespec="minutes"),
        "until": until.isoformat(sep=" ", timespec="minutes"),
        "window_over": ends <= known,
        "treated": treated["orders"].n,
        "held_out": control["orders"].n,
        "merged_left_out": sums.merged,
        "message_cost_cents": cost_cents,
        "srm": _srm(srm),
        "metrics": {
            metric: _metric(metric, treated[metric], control[metric], srm, cost_cents, sums.cost_unknown)
            if until > first
            else {"verdict": "no_facts"}
            for metric in METRICS
        },
    }


@dataclass(frozen=True)
class ArmSums:
    """The statistics of each arm by metric, people merged across arms, and orders whose cost is not known."""

    arms: dict[str, dict[str, ArmStats]]
    merged: int
    cost_unknown: int


def arm_sums(reader: Reader, campaign: Campaign, assigned: Sequence[Assigned], until: datetime) -> ArmSums:
    """The sums of the named query over the recorded assignment."""
    from laoke.warehouse.engine import Reader as WarehouseReader

    versions = {name: version for name, version in reader.versions.items() if name != "touches"}
    placed = WarehouseReader(
        reader.root, versions, {"touches": touches_table(campaign.shop_id, assigned)}, exclude=reader.exclude
    )
    first = min(one.start for one in assigned).date()
    rows = placed.query(
        "review_arms", shop_id=campaign.shop_id, campaign_id=campaign.pk, round_id=0, until=until,
        from_day=day_number(first), to_day=day_number(until.date()),
    ).to_pylist()  # fmt: skip
    by_arm = {row["arm"]: row for row in rows}
    return ArmSums(
        {arm: {metric: _stats(by_arm.get(arm), metric) for metric in METRICS} for arm in (TREATED, HELD_OUT)},
        by_arm.get("merged", {}).get("people", 0),
        sum(row["cost_unknown_orders"] for row in rows),
    )


def _stats(row: dict[str, Any] | None, metric: str) -> ArmStats:
    if row is None:
        return EMPTY
    return ArmStats(row["people"], row[f"{metric}_sum"], row[f"{metric}_squares"], row[f"{metric}_nonzero"])


def _srm(found: SrmResult) -> dict[str, Any]:
    return {"even": found.even, "p_value": found.p_value, "found": found.found, "expected": found.expected}


def _metric(
    metric: str, treated: ArmStats, control: ArmStats, srm: SrmResult, cost_cents: int, cost_unknown: int
) -> dict[str, Any]:
    if metric == "profit" and cost_unknown:
        return {"verdict": "withheld", "cost_unknown_orders": cost_unknown}
    judged = judge(treated, control, srm=srm, cost=cost_cents if metric == "profit" else 0)
    return {
        "verdict": str(judged.verdict),
        "treated_per_person": treated.mean if treated.n else None,
        "held_out_per_person": control.mean if control.n else None,
        "treated_total": treated.total,
        "held_out_total": control.total,
        **_difference(judged),
        "smallest_effect": _smallest(treated, control),
    }


def _difference(judged: Judgement) -> dict[str, Any]:
    missing = judged.missing
    told: dict[str, Any] = {
        "difference": None,
        "incremental": None,
        "missing": None
        if missing is None
        else {"code": missing.code, "have": missing.have, "need": missing.need},
    }
    if judged.difference is not None:
        found, total = judged.difference, judged.difference.incremental
        told["difference"] = {
            "estimate": found.estimate, "low": found.low, "high": found.high, "p_value": found.p_value,
        }  # fmt: skip
        told["incremental"] = {"estimate": total.estimate, "low": total.low, "high": total.high}
    return told


def _smallest(treated: ArmStats, control: ArmStats) -> float | None:
    if treated.n < 2 or control.n < 2 or not (treated.variance or control.variance):
        return None
    return smallest_effect(treated, control)


def by_day(reader: Reader, campaign: Campaign, today: date) -> list[dict[str, Any]]:
    """Target and result of each day of the campaign; a day after `today`, the last one with facts, has no result."""
    first, last = campaign.starts_at.date(), (campaign.ends_at - timedelta(microseconds=1)).date()
    sold = sales_by_day(reader, campaign.shop_id, first, min(last, today)) if first <= today else {}
    targets = {target.day: target.cents for target in campaign.targets.all()}
    rows = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        found = sold.get(day)
        seen = day <= today
        rows.append(
            {
                "day": str(day),
                "target_cents": targets.get(day),
                "paid_cents": (found.paid_cents if found else 0) if seen else None,
                "orders": (found.orders if found else 0) if seen else None,
                "buyers": (found.buyers if found else 0) if seen else None,
                "visitors": found.visitors if found else None,
            }
        )
    return rows


def _facts_until(reader: Reader, shop_id: int) -> datetime | None:
    """Until when the shop's orders were seen; None without orders."""
    seen: datetime | None = reader.query("orders_span", shop_id=shop_id).to_pylist()[0]["seen_at"]
    return seen


def _store(
    campaign: Campaign,
    entry: CatalogEntry,
    until: datetime,
    result: dict[str, Any],
    by: User | None,
    now: datetime,
) -> Review:
    with transaction.atomic():
        catalog.pin(entry.pk)
        row = Review.objects.create(
            campaign=campaign, catalog_ref=entry.pk, until=until, result=result, created_at=now
        )
        if now >= campaign.ends_at and campaign.state == CampaignState.RUNNING:
            campaign.state = CampaignState.REVIEW
            campaign.save(update_fields=["state"])
        audit.record("campaign.review", shop=campaign.shop, actor=by, at=now, subject=campaign.name)
    return row


def latest_review(campaign: Campaign) -> Review | None:
    """The newest review that was worked out."""
    return campaign.reviews.order_by("-pk").first()
