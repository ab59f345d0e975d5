"""How fast the ledger alone is: claim, write attempts, record answers, apply reports, with no provider in between.

It makes rows of its own in the open ledger and takes them away again; run it on a ledger of its own all the same.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from laoke.customers.models import Consent, ConsentBasis
from laoke.customers.sealing import contact_digest
from laoke.dispatch.channels.base import Outcome
from laoke.dispatch.claiming import Call, Prepared, Timing, claim, write_calls
from laoke.dispatch.gateways import channel_for, make_loopback_gateway
from laoke.dispatch.inbox import RECEIPT, apply_events, receive
from laoke.dispatch.models import (
    Arm,
    Attempt,
    Batch,
    Message,
    MessageState,
    Occasion,
    OccasionState,
    ProviderEvent,
    Transition,
)
from laoke.dispatch.occasions import make_occasion
from laoke.dispatch.planning import COLUMNS, INSERT
from laoke.dispatch.recording import record
from laoke.dispatch.sending import random_out_id
from laoke.dispatch.sets import many, stamp
from laoke.shops.bulk import write_in_batches
from laoke.shops.models import Dirty, Role, Shop, User
from laoke.shops.setup import add_shop, add_user

NOON = datetime(2026, 10, 31, 12, 0)
# What a worker does with Aliyun: eight calls of a hundred people beside each other.
PEOPLE_PER_CALL, CALLS_AT_ONCE = 100, 8


class _Spent:
    """Wall and CPU seconds by step, and the longest single one."""

    def __init__(self) -> None:
        self.wall, self.cpu, self.longest = (
            defaultdict[str, float](float),
            defaultdict[str, float](float),
            0.0,
        )

    @contextmanager
    def on(self, step: str) -> Iterator[None]:
        wall, cpu = time.perf_counter(), time.process_time()
        yield
        took = time.perf_counter() - wall
        self.wall[step] += took
        self.cpu[step] += time.process_time() - cpu
        self.longest = max(self.longest, took)


def bench_ledger(n: int = 50_000) -> dict[str, float]:
    """Wall and CPU seconds of each step for `n` marketing messages of one round.

    'settle' applies the reports of delivery, as a worker does; 'store' keeps them, as the web server does.
    """
    occasion = _round(n)
    spent = _Spent()
    timing = Timing(60.0, 9.0)
    while True:
        with spent.on("claim"):
            claimed = claim(occasion, "bench", PEOPLE_PER_CALL * CALLS_AT_ONCE, NOON, timing)
        if not claimed:
            break
        people = [Prepared(one, _number(one.person_id), {}, 1, 45) for one in claimed]
        groups = [people[at : at + PEOPLE_PER_CALL] for at in range(0, len(people), PEOPLE_PER_CALL)]
        with spent.on("write"):
            calls = write_calls(occasion, groups, "bench", NOON, timing, random_out_id)
        answers = {
            call.batch_id: {
                one.claimed.id: Outcome("accepted", provider_id=call.out_id) for one in call.people
            }
            for call in calls
        }
        with spent.on("record"):
            record(answers, occasion, by="bench", now=NOON, first_query_at=None)
        _report(occasion, calls, spent)
    _check(occasion, n)
    _clear(occasion)
    return {
        **{f"{step}_seconds": round(seconds, 3) for step, seconds in spent.wall.items()},
        **{f"{step}_cpu": round(seconds, 3) for step, seconds in spent.cpu.items()},
        "longest_step_ms": round(spent.longest * 1000, 1),
    }


def _report(occasion: Occasion, calls: Sequence[Call], spent: _Spent) -> None:
    """Every call's reports come in as one push, as Aliyun sends them, and are applied as a worker does."""
    gateway = occasion.gateway
    assert gateway is not None  # the bench's round has one
    for call in calls:
        body = json.dumps(
            [
                {
                    "phone_number": one.address, "send_time": "2026-10-31 12:00:00", "success": True, "sms_size": "1",
                    "report_time": "2026-10-31 12:00:02", "err_code": "DELIVERED", "err_msg": "用户接收成功",
                    "biz_id": call.out_id, "out_id": call.out_id,
                }
                for one in call.people
            ]
        )  # fmt: skip
        with spent.on("store"):
            receive(gateway, channel_for(gateway), RECEIPT, body.encode(), NOON)
    applied = 1
    while applied:
        with spent.on("settle"):
            applied = apply_events(NOON, "bench")


def _check(occasion: Occasion, n: int) -> None:
    delivered = Message.objects.filter(occasion=occasion, state=MessageState.DELIVERED).count()
    moves = Transition.objects.filter(message__occasion=occasion).count()
    if delivered != n or moves != 4 * n:
        raise AssertionError(f"{delivered} of {n} messages were delivered, with {moves} moves")


def _number(person_id: int) -> str:
    return f"100{person_id % 10**8:08d}"


def _round(n: int) -> Occasion:
    shop = add_shop(f"bench {time.time_ns()}", now=NOON, is_demo=True)
    user, _ = add_user(
        f"bench{time.time_ns()}", shops=[shop], role=Role.OWNER, now=NOON, password="no login here"
    )
    occasion = make_occasion(
        shop, kind="bench", name="bench", channel="sms", not_before=NOON, not_after=NOON + timedelta(hours=8), now=NOON,
        gateway=make_loopback_gateway(shop, now=NOON), signature="老客家纺", body="双十一满300减40，拒收请回复R",
    )  # fmt: skip
    _consent(shop, user, n)
    due = stamp(NOON)
    rows = [
        (
            occasion.pk,
            10**12 + i,
            i,
            str(Arm.TREATED),
            contact_digest("phone", _number(10**12 + i)),
            "planned",
            "",
            due,
            None,
            "",
            0,
            False,
            0,
            0,
            0,
        )
        for i in range(n)
    ]
    assert len(rows[0]) == len(COLUMNS)
    write_in_batches(rows, lambda piece: many(INSERT, piece))
    Occasion.objects.filter(pk=occasion.pk).update(state=OccasionState.RUNNING)
    return Occasion.objects.select_related("shop", "gateway").get(pk=occasion.pk)


def _consent(shop: Shop, user: User, n: int) -> None:
    basis = ConsentBasis.objects.create(
        shop=shop, channel="sms", role="owner", wording="bench", wording_version="1", collected_from=NOON.date(),
        collected_to=NOON.date(), proof="bench", people=n, declared_by=user, declared_at=NOON,
    )  # fmt: skip
    rows = [(shop.pk, 10**12 + i, basis.pk, stamp(NOON)) for i in range(n)]
    sql = (
        "INSERT INTO customers_consent (shop_id, person_id, channel, basis_id, given_at) "
        "VALUES (%s, %s, 'sms', %s, %s)"
    )
    write_in_batches(rows, lambda piece: many(sql, piece))


def _clear(occasion: Occasion) -> None:
    shop = occasion.shop
    ids = Message.objects.filter(occasion=occasion).values("pk")
    Transition.objects.filter(message__in=ids).delete()
    Attempt.objects.filter(message__in=ids).delete()
    Batch.objects.filter(occasion=occasion).delete()
    ProviderEvent.objects.filter(gateway=occasion.gateway).delete()
    Message.objects.filter(occasion=occasion).delete()
    Dirty.objects.filter(shop=shop).delete()
    Consent.objects.filter(shop=shop).delete()
