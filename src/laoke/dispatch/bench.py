"""How fast the ledger alone is: claim, write attempts, record answers, with no provider in between.

It makes rows of its own in the open ledger and takes them away again; run it on a ledger of its own all the same.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from laoke.customers.models import Consent, ConsentBasis
from laoke.dispatch.channels.base import Outcome
from laoke.dispatch.claiming import Prepared, Timing, claim, write_calls
from laoke.dispatch.gateways import make_loopback_gateway
from laoke.dispatch.models import (
    Arm,
    Attempt,
    Batch,
    Message,
    MessageState,
    Occasion,
    OccasionState,
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


def bench_ledger(n: int = 50_000) -> dict[str, float]:
    """Seconds and messages per second of each step and of all three, for `n` marketing messages of one round."""
    occasion = _round(n)
    spent = {"claim": 0.0, "write": 0.0, "record": 0.0}
    timing = Timing(60.0, 9.0)
    longest = 0.0
    while True:
        begun = time.perf_counter()
        claimed = claim(occasion, "bench", PEOPLE_PER_CALL * CALLS_AT_ONCE, NOON, timing)
        spent["claim"] += (took := time.perf_counter() - begun)
        longest = max(longest, took)
        if not claimed:
            break
        people = [Prepared(one, f"100{one.id % 10**8:08d}", {}, 1, 45) for one in claimed]
        groups = [people[at : at + PEOPLE_PER_CALL] for at in range(0, len(people), PEOPLE_PER_CALL)]
        begun = time.perf_counter()
        calls = write_calls(occasion, groups, "bench", NOON, timing, random_out_id)
        spent["write"] += (took := time.perf_counter() - begun)
        longest = max(longest, took)
        for at in range(0, len(calls), CALLS_AT_ONCE):
            answers = {
                call.batch_id: {
                    one.claimed.id: Outcome("accepted", provider_id=call.out_id) for one in call.people
                }
                for call in calls[at : at + CALLS_AT_ONCE]
            }
            begun = time.perf_counter()
            record(answers, occasion, by="bench", now=NOON, first_query_at=None)
            spent["record"] += (took := time.perf_counter() - begun)
            longest = max(longest, took)
    accepted = Message.objects.filter(occasion=occasion, state=MessageState.ACCEPTED).count()
    if accepted != n:
        raise AssertionError(f"{accepted} of {n} messages were accepted")
    _clear(occasion)
    total = sum(spent.values())
    return {
        **{f"{step}_seconds": round(seconds, 3) for step, seconds in spent.items()},
        "messages_per_second": round(n / total),
        "longest_step_ms": round(longest * 1000, 1),
    }


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
            f"bench{i}",
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
    Message.objects.filter(occasion=occasion).delete()
    Dirty.objects.filter(shop=shop).delete()
    Consent.objects.filter(shop=shop).delete()
