"""What a worker does every few seconds for messages. Any number of workers may do each of these at once.

`send_turn` claims, sends and records; `settle_turn` asks about unknown ones; `inbox_turn` applies receipts; `reap_turn`
finds what a dead worker left; `expire_turn` ends what is over. Each returns whether there was anything to do.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from laoke.customers.models import Channel as Medium
from laoke.customers.sealing import VaultError, contact_digest, seal
from laoke.dispatch import gateways, inbox, occasions, settling
from laoke.dispatch.channels.base import Channel
from laoke.dispatch.gates import GateMissing
from laoke.dispatch.models import Arm, Attempt, Gateway, Message, MessageTemplate, Occasion, OccasionState
from laoke.dispatch.models import MessageState as S
from laoke.dispatch.sending import TEST_KIND, Sender, SendSettings
from laoke.dispatch.sets import rest, rows, stamp
from laoke.dispatch.text.numbers import is_accepted, normal_mobile
from laoke.shops import audit
from laoke.shops.models import Shop, User

Now = Callable[[], datetime]
ChannelFor = Callable[[Gateway], Channel]

TEST_WITHIN = timedelta(hours=1)


def send_turn(
    worker: str,
    now: Now,
    *,
    settings: SendSettings | None = None,
    channel_for: ChannelFor = gateways.channel_for,
    only: Sequence[int] | None = None,
) -> bool:
    """Send what is due of every running occasion, for about a second (`only` these occasions, when given)."""
    settings = settings or SendSettings()
    until = time.monotonic() + settings.turn_seconds
    worked = False
    for occasion in _due_occasions(now(), only):
        if time.monotonic() > until:
            return True
        assert occasion.gateway is not None  # as _due_occasions found them
        try:
            channel = channel_for(occasion.gateway)
        except gateways.GatewayRefused as refusal:
            occasions.pause(occasion, by=None, now=now(), reason=refusal.code)
            continue
        sender = Sender(worker, now, occasion, channel, settings)
        try:
            while time.monotonic() < until and sender.cycle():
                worked = True
        except GateMissing:
            occasions.pause(occasion, by=None, now=now(), reason="gate_missing")
        except VaultError:
            # The key that sealed these contacts is not here: nobody may be skipped for that.
            occasions.pause(occasion, by=None, now=now(), reason="vault")
    return worked


def _due_occasions(now: datetime, only: Sequence[int] | None) -> list[Occasion]:
    """Running occasions within their time and hours, with people that are due and a gateway that works."""
    due = Message.objects.filter(occasion=OuterRef("pk"), state=S.PLANNED, due_at__lte=now)
    found = (
        Occasion.objects.filter(state=OccasionState.RUNNING, not_before__lte=now, not_after__gt=now)
        .exclude(channel=Medium.HANDOVER)
        .filter(Exists(due), gateway__isnull=False, gateway__stopped_reason="")
        .select_related("gateway__shop", "shop", "template")
        .order_by("pk")
    )
    if only is not None:
        found = found.filter(pk__in=list(only))
    sendable = []
    for occasion in found:
        assert occasion.gateway is not None  # filtered above
        if occasion.gateway.quota_left is not None and occasion.gateway.quota_left <= 0:
            occasions.pause(occasion, by=None, now=now, reason="no_quota")
        elif gateways.may_send_now(occasion, now):
            sendable.append(occasion)
    return sendable


def settle_turn(
    worker: str,
    now: Now,
    *,
    settings: SendSettings | None = None,
    channel_for: ChannelFor = gateways.channel_for,
) -> bool:
    """Ask about unknown attempts whose time has come, several at once, and draw the conclusions."""
    settings = settings or SendSettings()
    worked = False
    due = Attempt.objects.filter(
        batch__gateway=OuterRef("pk"), outcome=Attempt.Outcome.UNKNOWN, next_query_at__lte=now()
    )
    for gateway in Gateway.objects.filter(Exists(due)).select_related("shop"):
        try:
            channel = channel_for(gateway)
        except gateways.GatewayRefused:
            continue
        asked_at = now()
        questions = settling.take_questions(
            gateway.pk, settings.questions_at_once, asked_at, timedelta(seconds=settings.asking_s)
        )
        if not questions:
            continue
        worked = True
        with ThreadPoolExecutor(max_workers=settings.parallel) as pool:
            answers = pool.map(lambda q: settling.ask(channel, gateway.shop_id, q), questions)  # noqa: B023
            for question, answer in zip(questions, answers, strict=True):
                occasion = _occasion_of(question.message_id)
                settling.settle(
                    occasion, question, answer, channel, asked_at=asked_at, now=now(), by=worker,
                    schedule=settings.schedule,
                )  # fmt: skip
                rest()
    return worked


def _occasion_of(message_id: int) -> Occasion:
    return Occasion.objects.select_related("shop", "gateway").get(messages=message_id)


def inbox_turn(worker: str, now: Now, *, turn_seconds: float = 1.0) -> bool:
    """Apply stored receipts for about a second."""
    until = time.monotonic() + turn_seconds
    worked = False
    while time.monotonic() < until and inbox.apply_events(now(), worker):
        worked = True
        rest()
    return worked


def reap_turn(
    worker: str,
    now: Now,
    *,
    settings: SendSettings | None = None,
    channel_for: ChannelFor = gateways.channel_for,
) -> bool:
    """Look at messages whose lease, call or wait for a report is over."""
    settings = settings or SendSettings()
    moment = now()
    due = rows(
        "SELECT DISTINCT occasion_id FROM dispatch_message WHERE look_at <= %s "
        "AND state IN ('claimed', 'sending', 'accepted')",
        [stamp(moment)],
    )
    worked = False
    for (occasion_id,) in due:
        occasion = Occasion.objects.select_related("shop", "gateway__shop").get(pk=occasion_id)
        try:
            channel = channel_for(occasion.gateway) if occasion.gateway else None
        except gateways.GatewayRefused:
            channel = None
        worked = bool(settling.reap(moment, worker, channel, occasion, settings.schedule)) or worked
        rest()
    return worked


def expire_turn(worker: str, now: Now) -> bool:
    """End what is over, finish what is done, and sweep up what a cut-short cancel left."""
    moment = now()
    waiting = Message.objects.filter(occasion=OuterRef("pk"), state__in=(S.PLANNED, S.CLAIMED))
    over = Q(state=OccasionState.CANCELLED) | Q(not_after__lte=moment)
    found = Occasion.objects.filter(
        Q(state=OccasionState.RUNNING)
        | Q(state=OccasionState.PAUSED, not_after__lte=moment)
        | (over & Exists(waiting) & ~Q(state=OccasionState.DRAFT))
    )
    worked = False
    for occasion in found.select_related("shop", "gateway").order_by("pk"):
        worked = bool(settling.expire(occasion, moment, worker)) or worked
    return worked


def send_test(
    shop: Shop,
    gateway: Gateway,
    *,
    number: str,
    signature: str,
    body: str,
    provider_code: str,
    variables: dict[str, str],
    by: User,
    now: datetime,
    template: MessageTemplate | None = None,
) -> Occasion:
    """A test to one's own number, outside every round but in the same ledger; a worker sends it within a second.

    Watch it by `occasions.progress`. Raises `occasions.OccasionRefused` for a number the gateway would not take.
    """
    clean = normal_mobile(number)
    if clean is None or not is_accepted(clean, loopback=gateway.is_loopback):
        raise occasions.OccasionRefused("number")
    sealed, key_id = seal({"to": clean}, f"test|{shop.pk}")
    with transaction.atomic():
        occasion = occasions.make_occasion(
            shop, kind=TEST_KIND, name="test", channel=gateway.channel, not_before=now, not_after=now + TEST_WITHIN,
            now=now, gateway=gateway, template=template, signature=signature, body=body, variables=variables,
            is_marketing=False, by=by,
            rules={"sealed_to": base64.b64encode(sealed).decode("ascii"), "key_id": key_id},
        )  # fmt: skip
        Occasion.objects.filter(pk=occasion.pk).update(
            provider_code=provider_code, state=OccasionState.RUNNING, planned_at=now, launched_at=now
        )
        Message.objects.create(
            occasion=occasion, person_id=0, arm=Arm.TREATED, contact_digest=contact_digest("phone", clean),
            state=S.PLANNED, due_at=now,
        )  # fmt: skip
        audit.record("message.test", shop=shop, actor=by, at=now, subject=str(occasion.pk), count=1)
    occasion.refresh_from_db()
    return occasion
