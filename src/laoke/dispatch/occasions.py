"""The life of an occasion: made, launched, paused, resumed, cancelled, finished; and its figures at any time.

Pausing and cancelling change the epoch in one small commit: from then on no worker can write an attempt, whatever it
holds. The rows follow in short slices, and a worker sweeps up what a crash left.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q, Sum

from laoke.dispatch.models import (
    Arm,
    Gateway,
    Message,
    MessageState,
    MessageTemplate,
    Occasion,
    OccasionState,
)
from laoke.dispatch.states import OPEN, move
from laoke.shops import audit
from laoke.shops.bulk import write_in_batches
from laoke.shops.models import Shop, User


class OccasionRefused(Exception):
    """What cannot be done with an occasion as it stands; `code` names the reason, `params` what was found."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def make_occasion(
    shop: Shop,
    *,
    kind: str,
    name: str,
    channel: str,
    not_before: datetime,
    not_after: datetime,
    now: datetime,
    gateway: Gateway | None = None,
    template: MessageTemplate | None = None,
    signature: str = "",
    body: str = "",
    variables: dict[str, str] | None = None,
    is_marketing: bool = True,
    rules: dict[str, Any] | None = None,
    ref_id: int | None = None,
    campaign_ref: int | None = None,
    catalog_ref: int | None = None,
    by: User | None = None,
) -> Occasion:
    """A drafted occasion; the text is copied from the template, so that a later edit does not change what is sent.

    `rules` may hold `gates` (codes of fact gates asked before each send), `override` (role and reason for late
    hours), `stop_share` and `stop_after` (the error threshold of `worker`).
    """
    return Occasion.objects.create(
        shop=shop, kind=kind, ref_id=ref_id, campaign_ref=campaign_ref, name=name[:100], channel=channel,
        gateway=gateway, template=template, is_marketing=is_marketing,
        signature=signature or (template.signature if template else ""),
        body=body or (template.body if template else ""),
        provider_code=template.provider_code if template else "",
        variables=variables or {}, rules=rules or {}, not_before=not_before, not_after=not_after,
        catalog_ref=catalog_ref, created_by=by, created_at=now,
    )  # fmt: skip


def launch(occasion: Occasion, *, by: User | None, now: datetime) -> None:
    """Let workers send it from `not_before` on.

    Raises
    ------
    OccasionRefused
        `not_planned`, `over`, `no_gateway`, `nobody` or `not_draft`.
    """
    fresh = Occasion.objects.select_related("gateway", "shop").get(pk=occasion.pk)
    if fresh.planned_at is None:
        raise OccasionRefused("not_planned")
    if fresh.not_after <= now:
        raise OccasionRefused("over", not_after=fresh.not_after)
    if fresh.channel != "handover" and (fresh.gateway is None or fresh.gateway.stopped_reason):
        raise OccasionRefused("no_gateway", reason=fresh.gateway.stopped_reason if fresh.gateway else "")
    if not fresh.messages.filter(state=MessageState.PLANNED).exists():
        raise OccasionRefused("nobody")
    with transaction.atomic():
        _change(fresh, OccasionState.DRAFT, OccasionState.RUNNING, launched_at=now)
        audit.record(
            "occasion.launch", shop=fresh.shop, actor=by, at=now, subject=str(fresh.pk),
            count=fresh.messages.filter(arm=Arm.TREATED).count(),
        )  # fmt: skip
    occasion.refresh_from_db()


def pause(occasion: Occasion, *, by: User | None, now: datetime, reason: str) -> bool:
    """Stop sending after the calls in flight; False when it does not run. Claimed rows wait again."""
    with transaction.atomic():
        if not _changed(
            occasion,
            OccasionState.RUNNING,
            OccasionState.PAUSED,
            pause_reason=reason[:200],
            epoch=F("epoch") + 1,
        ):
            return False
        audit.record(
            "occasion.pause",
            shop=occasion.shop,
            actor=by,
            at=now,
            subject=str(occasion.pk),
            reason=reason[:100],
        )
    occasion.refresh_from_db()
    release_claimed(occasion, now, _name(by), "paused")
    return True


def resume(occasion: Occasion, *, by: User | None, now: datetime) -> None:
    """Go on sending.

    Raises
    ------
    OccasionRefused
        `not_paused` or `over`.
    """
    if occasion.not_after <= now:
        raise OccasionRefused("over", not_after=occasion.not_after)
    with transaction.atomic():
        if not _changed(occasion, OccasionState.PAUSED, OccasionState.RUNNING, pause_reason=""):
            raise OccasionRefused("not_paused")
        audit.record("occasion.resume", shop=occasion.shop, actor=by, at=now, subject=str(occasion.pk))
    occasion.refresh_from_db()


def cancel(occasion: Occasion, *, by: User | None, now: datetime, reason: str = "") -> int:
    """End it for good: nothing more is written; how many people were still to be reached.

    Raises
    ------
    OccasionRefused
        `over` when it has finished or was cancelled before.
    """
    with transaction.atomic():
        live = (OccasionState.DRAFT, OccasionState.RUNNING, OccasionState.PAUSED)
        updated = Occasion.objects.filter(pk=occasion.pk, state__in=live).update(
            state=OccasionState.CANCELLED, epoch=F("epoch") + 1, pause_reason=reason[:200], finished_at=now
        )
        if not updated:
            raise OccasionRefused("over")
        audit.record("occasion.cancel", shop=occasion.shop, actor=by, at=now, subject=str(occasion.pk))
    occasion.refresh_from_db()
    return close_waiting(occasion, MessageState.CANCELLED, now, _name(by), "cancelled")


def release_claimed(occasion: Occasion, now: datetime, by: str, reason: str) -> int:
    """Claimed rows of a paused occasion wait again; their claim is void."""
    return _sweep(occasion, (MessageState.CLAIMED,), MessageState.PLANNED, now, by, reason)


def close_waiting(occasion: Occasion, after: str, now: datetime, by: str, reason: str) -> int:
    """Planned and claimed rows become cancelled or expired; how many."""
    return _sweep(occasion, (MessageState.PLANNED, MessageState.CLAIMED), after, now, by, reason)


def _sweep(
    occasion: Occasion, before: tuple[str, ...], after: str, now: datetime, by: str, reason: str
) -> int:
    ids = list(occasion.messages.filter(state__in=before).order_by("pk").values_list("pk", flat=True))
    moved = 0

    def write(piece: Any) -> None:
        nonlocal moved
        for state in before:
            moved += len(
                move(
                    piece, state, after, at=now, by=by, reason=reason,
                    sets=", lease_token = lease_token + 1, lease_owner = '', look_at = NULL",
                )
            )  # fmt: skip

    write_in_batches(ids, write)
    return moved


def finish_if_done(occasion: Occasion, now: datetime) -> bool:
    """Mark it finished when nobody is left to be sent to; unknown ones are waited for until `not_after`."""
    open_states = OPEN if now >= occasion.not_after else (*OPEN, MessageState.UNKNOWN)
    if occasion.messages.filter(state__in=open_states).exists():
        return False
    return _changed(occasion, OccasionState.RUNNING, OccasionState.FINISHED, finished_at=now)


@dataclass(frozen=True)
class Progress:
    """Where an occasion stands: people by state, money in thousandths of a yuan, segments."""

    states: dict[str, int]
    cost_millis: int
    segments: int
    waiting_unknown: int

    @property
    def total(self) -> int:
        """Everyone of the segment."""
        return sum(self.states.values())

    @property
    def treated(self) -> int:
        """People who were to be reached: all but those left out at planning and the held out."""
        return self.total - self.states.get("left_out", 0) - self.states.get(MessageState.HELD_OUT, 0)

    @property
    def reached(self) -> int:
        """People with a call that was taken or may have been."""
        keys = ("accepted", "delivered", "undelivered", "no_receipt", "given_up", "handed_over", "unknown")
        return sum(self.states.get(key, 0) for key in keys)


def progress(occasion: Occasion) -> Progress:
    """People by state; those left out before arms were drawn count as `left_out`, later ones as `suppressed`."""
    states: dict[str, int] = {}
    cost = segments = 0
    counted = occasion.messages.values_list("arm", "state").annotate(
        n=Count("pk"), cost=Sum("cost_millis"), parts=Sum("segments", filter=Q(sent_at__isnull=False))
    )
    for arm, state, n, spent, parts in counted:
        key = "left_out" if arm == Arm.NONE else state
        states[key] = states.get(key, 0) + n
        cost += spent or 0
        segments += parts or 0
    return Progress(states, cost, segments, states.get(MessageState.UNKNOWN, 0))


def messages_of_person(shop: Shop, person_id: int, limit: int = 100) -> list[Message]:
    """A person's messages of this shop, newest first, with their occasions."""
    rows = Message.objects.filter(person_id=person_id, occasion__shop=shop).select_related("occasion")
    return list(rows.order_by("-pk")[:limit])


def _changed(occasion: Occasion, before: str, after: str, **values: Any) -> bool:
    return bool(Occasion.objects.filter(pk=occasion.pk, state=before).update(state=after, **values))


def _change(occasion: Occasion, before: str, after: str, **values: Any) -> None:
    if not _changed(occasion, before, after, **values):
        raise OccasionRefused("not_draft")


def _name(by: User | None) -> str:
    return by.username if by else "laoke"
