"""The life of a round: prepared (segment frozen, everyone a row), tested, launched, paused, resumed, cancelled.

The messages themselves live in `dispatch`; a round names their occasion and follows its state.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from laoke.audiences import snapshots
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.audiences.wording import refusal_text
from laoke.campaigns.advice import say_issues
from laoke.campaigns.arms import ROUND_KIND, arm_function, shares_rule
from laoke.campaigns.checks import RoundChecks, check_round, people_of
from laoke.campaigns.editing import override_of
from laoke.campaigns.gates import gates_of
from laoke.campaigns.models import CampaignState, Round, RoundState
from laoke.campaigns.refusals import CampaignRefused
from laoke.campaigns.templates import body_hash, ensure_template, provider_code
from laoke.customers.models import Channel
from laoke.dispatch import occasions, planning, worker
from laoke.dispatch.models import MessageTemplate, Occasion, OccasionState
from laoke.dispatch.occasions import OccasionRefused, Progress
from laoke.dispatch.planning import Funnel, PlannedPerson
from laoke.dispatch.templates import TemplateRefused
from laoke.shops.clock import Clock
from laoke.shops.joins import aside
from laoke.shops.models import User

# Planned and launched before its window opens, a round waits; this is what it looks like while it does.
_STATE_OF: dict[str, str] = {
    OccasionState.DRAFT: RoundState.FROZEN,
    OccasionState.RUNNING: RoundState.RUNNING,
    OccasionState.PAUSED: RoundState.PAUSED,
    OccasionState.CANCELLED: RoundState.CANCELLED,
    OccasionState.FINISHED: RoundState.DONE,
}


def send_round_test(
    row: Round, number: str, *, by: User, clock: Clock, values: dict[str, str] | None = None
) -> Occasion:
    """A test of exactly this text to one's own number. `values` stand in for what is personal.

    Raises
    ------
    CampaignRefused
        `no_gateway`, `text_refused`, or `number` when the gateway would not take it.
    """
    if row.channel == Channel.HANDOVER or row.gateway is None:
        raise CampaignRefused("no_gateway", channel=str(Channel(row.channel).label))
    now = clock.now()
    template = _filed(row, by, now)
    given = {
        "buyer_nick": "亲",
        "receiver_name": "亲",
        "shop_name": row.signature,
        **row.variables,
        **(values or {}),
    }
    try:
        occasion = worker.send_test(
            row.campaign.shop, row.gateway, number=number, signature=row.signature, body=row.body,
            provider_code=provider_code(row), variables=given, by=by, now=now, template=template,
        )  # fmt: skip
    except OccasionRefused as refusal:
        raise refused(refusal) from None
    row.test_occasion, row.tested_at, row.tested_body_hash = occasion, now, body_hash(row)
    row.save(update_fields=["test_occasion", "tested_at", "tested_body_hash"])
    return occasion


def prepare_round(row: Round, *, by: User | None, clock: Clock) -> Funnel:
    """Freeze the segment and write one row per person: sent, held out, or left out with a reason.

    A prepared round that was not launched yet is prepared anew on its frozen people: who refused meanwhile is left
    out, who declared consent meanwhile comes in.

    Raises
    ------
    CampaignRefused
        `no_segment`, `segment_text` (what it names is not there), `round_state`, `window_over`, `no_gateway`.
    """
    now = clock.now()
    if row.state not in (RoundState.DRAFT, RoundState.FROZEN):
        raise CampaignRefused("round_state", state=str(row.get_state_display()))
    if not row.segment_text:
        raise CampaignRefused("no_segment")
    if row.closes_at <= now:
        raise CampaignRefused("window_over", closes=row.closes_at)
    if row.channel != Channel.HANDOVER and row.gateway is None:
        raise CampaignRefused("no_gateway", channel=str(Channel(row.channel).label))
    if row.snapshot is None:
        try:
            row.snapshot = snapshots.freeze(
                row.campaign.shop,
                row.segment or row.segment_text,
                now=now,
                by=by,
                name=f"{row.campaign.name} {row.key}",
            )
        except (FilterError, TreeError) as error:
            raise CampaignRefused("segment_text", problem=refusal_text(error)) from None
        row.save(update_fields=["snapshot"])
    occasion = _occasion(row, by, now)
    people = [PlannedPerson(person) for person in people_of(row, now)]
    return planning.plan_occasion(occasion, people, arms=arm_function(row), now=now)


def _occasion(row: Round, by: User | None, now: datetime) -> Occasion:
    """The drafted occasion of a round with its present text and window; an earlier draft is taken back."""
    if row.occasion is not None:
        planning.discard_plan(row.occasion)
        Occasion.objects.filter(pk=row.occasion.pk).update(**_content(row), rules=_rules(row))
        row.occasion.refresh_from_db()
        return row.occasion
    template = _filed(row, by, now) if row.channel != Channel.HANDOVER else None
    with transaction.atomic():
        occasion = occasions.make_occasion(
            row.campaign.shop, kind=ROUND_KIND, name=f"{row.campaign.name} {row.key} {row.name}", now=now,
            template=template, rules=_rules(row), ref_id=row.pk, campaign_ref=row.campaign_id, by=by,
            channel=row.channel, not_before=row.opens_at, not_after=row.closes_at, gateway=row.gateway,
        )  # fmt: skip
        Occasion.objects.filter(pk=occasion.pk).update(**_content(row))
        occasion.refresh_from_db()
        row.occasion, row.state = occasion, RoundState.FROZEN
        row.save(update_fields=["occasion", "state"])
    return occasion


def _filed(row: Round, by: User | None, now: datetime) -> MessageTemplate:
    try:
        return ensure_template(row, by=by, now=now)
    except TemplateRefused as error:
        raise CampaignRefused("text_refused", problems=say_issues(error.issues)) from None


def _content(row: Round) -> dict[str, Any]:
    return {
        "gateway": row.gateway,
        "channel": row.channel,
        "signature": row.signature,
        "body": row.body,
        "provider_code": provider_code(row),
        "variables": row.variables,
        "not_before": row.opens_at,
        "not_after": row.closes_at,
        "catalog_ref": row.snapshot.catalog_ref if row.snapshot else None,
    }


def _rules(row: Round) -> dict[str, Any]:
    rules: dict[str, Any] = {"holdout": shares_rule(row), "gates": gates_of(row)}
    override = override_of(row)
    if override is not None:
        rules["override"] = {"role": override.role, "reason": override.reason}
    return rules


def unprepare_round(row: Round, *, by: User | None, now: datetime) -> None:
    """Back to a draft that can be edited: the plan is discarded, the frozen segment is let go.

    Raises
    ------
    CampaignRefused
        `round_state` once it was launched.
    """
    if row.state != RoundState.FROZEN or row.occasion is None:
        raise CampaignRefused("round_state", state=str(row.get_state_display()))
    planning.discard_plan(row.occasion)
    occasions.cancel(row.occasion, by=by, now=now, reason="edited")
    row.state, row.snapshot, row.occasion = RoundState.DRAFT, None, None
    row.save(update_fields=["state", "snapshot", "occasion"])


def launch_round(row: Round, *, by: User | None, clock: Clock) -> Funnel:
    """Check, prepare and let go; workers send from the window's opening on.

    Raises
    ------
    CampaignRefused
        `checks_failed` with the titles of what is missing, `nobody`, or what `prepare_round` refuses.
    """
    now = clock.now()
    checks = check_round(row, now)
    if not checks.ready:
        raise CampaignRefused(
            "checks_failed",
            count=len(checks.missing),
            titles=[aside(check.title, check.text) for check in checks.missing],
            codes=[check.code for check in checks.missing],
        )
    funnel = prepare_round(row, by=by, clock=clock)
    assert row.occasion is not None
    try:
        occasions.launch(row.occasion, by=by, now=clock.now())
    except OccasionRefused as refusal:
        raise refused(refusal) from None
    _follow(row)
    campaign = row.campaign
    if campaign.state not in (CampaignState.RUNNING, CampaignState.REVIEW):
        campaign.state = CampaignState.RUNNING
        campaign.save(update_fields=["state"])
    return funnel


def pause_round(row: Round, *, by: User | None, now: datetime, reason: str = "") -> None:
    """Stop after the calls in flight.

    Raises
    ------
    CampaignRefused
        `not_running`.
    """
    if row.occasion is None or not occasions.pause(row.occasion, by=by, now=now, reason=reason):
        raise CampaignRefused("not_running")
    _follow(row)


def resume_round(row: Round, *, by: User | None, now: datetime) -> None:
    """Go on.

    Raises
    ------
    CampaignRefused
        `not_paused`, `over`.
    """
    if row.occasion is None:
        raise CampaignRefused("not_paused")
    try:
        occasions.resume(row.occasion, by=by, now=now)
    except OccasionRefused as refusal:
        raise refused(refusal) from None
    _follow(row)


def cancel_round(row: Round, *, by: User | None, now: datetime, reason: str = "") -> int:
    """End a round for good; how many people were still to be reached.

    Raises
    ------
    CampaignRefused
        `over`.
    """
    if row.occasion is None:
        if row.state == RoundState.CANCELLED:
            raise CampaignRefused("over")
        row.state = RoundState.CANCELLED
        row.save(update_fields=["state"])
        return 0
    try:
        left = occasions.cancel(row.occasion, by=by, now=now, reason=reason)
    except OccasionRefused as refusal:
        raise refused(refusal) from None
    _follow(row)
    return left


def refused(refusal: OccasionRefused) -> CampaignRefused:
    codes = {"not_planned": "round_state", "no_gateway": "no_gateway", "not_draft": "round_state"}
    code = codes.get(refusal.code, refusal.code)
    params: dict[str, Any] = dict(refusal.params)
    if code == "no_gateway":
        params["channel"] = str(Channel.SMS.label)
    if code == "round_state":
        params["state"] = refusal.code
    return CampaignRefused(code, **params)


def _follow(row: Round) -> None:
    """Take over the state of the occasion."""
    assert row.occasion is not None
    row.occasion.refresh_from_db()
    state = _STATE_OF[row.occasion.state]
    if state != row.state:
        Round.objects.filter(pk=row.pk).update(state=state)
        row.state = state


def follow_all() -> int:
    """Rounds whose occasion ended or was paused by a worker take over its state; how many did."""
    moved = 0
    live = (RoundState.FROZEN, RoundState.RUNNING, RoundState.PAUSED)
    for row in Round.objects.filter(state__in=live, occasion__isnull=False).select_related("occasion"):
        before = row.state
        _follow(row)
        moved += row.state != before
    return moved


@dataclass(frozen=True)
class RoundStatus:
    """Where a round stands. `per_minute` is the speed since launch, None before the first one went."""

    round: Round
    funnel: Funnel | None
    progress: Progress | None
    per_minute: float | None
    checks: RoundChecks | None = None


def round_status(row: Round, now: datetime, *, with_checks: bool = False) -> RoundStatus:
    """The funnel, people by state, money and speed of a round."""
    checks = check_round(row, now) if with_checks else None
    if row.occasion is None:
        return RoundStatus(row, None, None, None, checks)
    _follow(row)
    progress = occasions.progress(row.occasion)
    return RoundStatus(
        row, planning.funnel(row.occasion), progress, _speed(row.occasion, progress, now), checks
    )


def _speed(occasion: Occasion, progress: Progress, now: datetime) -> float | None:
    if not progress.reached or occasion.launched_at is None:
        return None
    first = max(occasion.launched_at, occasion.not_before)
    minutes = ((occasion.finished_at or now) - first).total_seconds() / 60
    return progress.reached / minutes if minutes > 0 else None
