"""What a forked child does: make a shop, plan a round, work, hand lists over. Arguments are plain values."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import QuerySet

from laoke.dispatch import gateways, inbox, occasions
from laoke.dispatch.channels.base import Channel
from laoke.dispatch.handover import hand_over
from laoke.dispatch.models import Attempt, Gateway, HandoverFile, Message, Occasion
from laoke.dispatch.planning import PlannedPerson, all_treated, plan_occasion
from laoke.dispatch.sending import SendSettings
from laoke.dispatch.worker import expire_turn, inbox_turn, reap_turn, send_turn, settle_turn
from laoke.shops.clock import parse_clock
from laoke.shops.models import Shop, User
from tests.dispatch.rounds import BODY, SIGN, Clock, Reach, give_consent, make_people, reach_shop

PEOPLE_PER_CALL = 6
LEASE_S, CONNECT_S, READ_S = 4.0, 0.5, 1.0
SCHEDULE = tuple(timedelta(seconds=s) for s in (0.4, 0.9, 1.8, 3.0, 5.0))
SETTINGS = SendSettings(lease_s=LEASE_S, turn_seconds=0.3, schedule=SCHEDULE, asking_s=2.0)


def now() -> datetime:
    """The shop's time, the same in every process of the test."""
    return parse_clock(os.environ["CRASH_CLOCK"]).now()


def channel_for(gateway: Gateway) -> Channel:
    """The gateway's own channel, with few people to a call, so that a round has many."""
    channel = gateways.channel_for(gateway)
    channel.max_batch = PEOPLE_PER_CALL
    return channel


def warm_up() -> None:
    """Load what the first send would load."""
    from laoke.dispatch.channels.aliyun.adapter import AliyunSms

    AliyunSms("loopback", "secret", os.environ["LAOKE_LOOPBACK"]).warm_up()


def reach() -> Reach:
    """The one shop of this ledger."""
    shop = Shop.objects.get()
    return Reach(shop, Gateway.objects.get(), User.objects.get(), Clock(now()))


def make_shop(people: int, absence_proof_s: float) -> None:
    """A demo shop whose people have consented to SMS and lists."""
    made = reach_shop(Clock(now()))
    Gateway.objects.update(
        price_millis=45,
        settings={
            **made.gateway.settings, "absence_proof_after_s": absence_proof_s, "connect_timeout_s": CONNECT_S,
            "read_timeout_s": READ_S,
        },
    )  # fmt: skip
    make_people(made, range(1, people + 1))
    give_consent(made, "handover")


def plan(
    name: str, numbers: Sequence[int], lasts: float = 3600.0, starts_in: float = 0.0, channel: str = "sms"
) -> None:
    """Plan a round to the people of these numbers; planned anew when a kill cut it short."""
    shop, at = reach().shop, now()
    occasion = Occasion.objects.filter(name=name).first() or occasions.make_occasion(
        shop, kind="round", name=name, channel=channel, not_before=at + timedelta(seconds=starts_in),
        not_after=at + timedelta(seconds=lasts), now=at, gateway=reach().gateway if channel == "sms" else None,
        signature=SIGN, body=BODY, rules={"stop_share": 1.0},
    )  # fmt: skip
    Occasion.objects.filter(pk=occasion.pk).update(provider_code="SMS_1")
    occasion.refresh_from_db()
    people = [PlannedPerson(1_000_000 + number) for number in numbers]
    plan_occasion(occasion, people, arms=all_treated, now=at)


def launch(name: str) -> None:
    occasions.launch(Occasion.objects.get(name=name), by=None, now=now())


def hand_lists_over(name: str) -> None:
    hand_over(Occasion.objects.get(name=name), by=reach().owner, now=now(), max_rows=7)


def work(name: str, seconds: float, spool: str, until_done: bool = False) -> None:
    """Be a worker; with `until_done` until nothing is open and nothing unknown any more."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        worked = _take_pushes(Path(spool))
        worked = send_turn(name, now, settings=SETTINGS, channel_for=channel_for) or worked
        worked = settle_turn(name, now, settings=SETTINGS, channel_for=channel_for) or worked
        worked = inbox_turn(name, now, turn_seconds=0.2) or worked
        worked = reap_turn(name, now, settings=SETTINGS, channel_for=channel_for) or worked
        worked = expire_turn(name, now) or worked
        if not worked:
            if until_done and not open_messages().exists():
                return
            time.sleep(0.05)


def _take_pushes(spool: Path) -> bool:
    """What the web's hook would do: store a pushed body before it is answered for."""
    worked = False
    for path in sorted(spool.glob("*.json")):
        try:
            body = path.read_bytes()
            gateway = Gateway.objects.select_related("shop").get()
            kind = "reply" if b'"content"' in body else "receipt"
            inbox.receive(gateway, channel_for(gateway), kind, body, now())
            path.unlink()
        except FileNotFoundError:
            continue  # the other worker took it
        worked = True
    return worked


def open_messages() -> QuerySet[Message]:
    """Who is still to be sent to or asked about."""
    return Message.objects.filter(state__in=("planned", "claimed", "sending", "unknown"))


def report(path: str) -> None:
    """What the ledger says, as a file: states by round, attempts still open, lists."""
    states: dict[str, dict[str, int]] = {}
    for name, state in Message.objects.values_list("occasion__name", "state"):
        counts = states.setdefault(name, {})
        counts[state] = counts.get(state, 0) + 1
    said: dict[str, Any] = {
        "states": states,
        "open_messages": open_messages().count(),
        "open_attempts": Attempt.objects.filter(outcome="open").count(),
        "lists": list(HandoverFile.objects.order_by("number").values_list("people", "path")),
        "stopped": Gateway.objects.get().stopped_reason,
        "attempts": Attempt.objects.count(),
    }
    Path(path).write_text(json.dumps(said), encoding="utf-8")


def opt_out(numbers: Sequence[int]) -> None:
    """These people ask not to be written to any more."""
    from laoke.customers import consent

    for number in numbers:
        consent.opt_out(reach().shop, "sms", now=now(), source="service", person_id=1_000_000 + number)
