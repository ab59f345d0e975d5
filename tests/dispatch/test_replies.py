"""Who wrote back, in the mirror that filters read: every reply of somebody known, refusals marked, and none twice."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from pathlib import Path

from django.apps import apps
from django.conf import settings

from laoke.dispatch.models import Reply
from laoke.dispatch.replies import write_replies
from laoke.shops import catalog
from laoke.shops.models import Dirty
from laoke.warehouse.store import Warehouse
from tests.dispatch.rounds import Reach, phone
from tests.dispatch.test_settling import REPLY, push


def mirrored(warehouse: Warehouse) -> list[tuple[int, str, bool, int]]:
    entry = catalog.current()
    assert entry is not None
    rows = warehouse.reader(entry.versions).rows("SELECT * FROM replies ORDER BY reply_id")
    return [(row["person_id"], row["channel"], row["opts_out"], row["day"]) for row in rows]


def test_replies_reach_the_mirror_once_with_the_day_they_came(home: Path, reach: Reach) -> None:
    warehouse, now = Warehouse(settings.PLACE.warehouse), reach.clock.now()
    first, second = (one.person_id for one in reach.people(2))
    push(reach, {**REPLY, "content": "什么时候发货"}, kind="reply")
    assert not write_replies(reach.shop, warehouse, now)  # no catalog entry yet: the marks wait
    catalog.publish({}, as_of_day=now.date(), now=now, reason="import")
    push(reach, {**REPLY, "phone_number": phone(2), "sequence_id": "8"}, kind="reply")
    push(reach, {**REPLY, "phone_number": phone(99), "sequence_id": "9"}, kind="reply")  # nobody known
    assert write_replies(reach.shop, warehouse, now)
    day = (now.date() - date(1970, 1, 1)).days
    assert mirrored(warehouse) == [(first, "sms", False, day), (second, "sms", True, day)]
    assert not write_replies(reach.shop, warehouse, now)


def test_a_reply_that_is_gone_leaves_the_mirror(home: Path, reach: Reach) -> None:
    from laoke.shops import dirty

    warehouse, now = Warehouse(settings.PLACE.warehouse), reach.clock.now()
    reach.people(1)
    catalog.publish({}, as_of_day=now.date(), now=now, reason="import")
    push(reach, {**REPLY, "content": "好的"}, kind="reply")
    write_replies(reach.shop, warehouse, now)
    reply = Reply.objects.get()
    dirty.mark(reach.shop.pk, "replies", [reply.pk])
    reply.delete()
    assert write_replies(reach.shop, warehouse, now)
    assert mirrored(warehouse) == []


def test_replies_from_before_the_mirror_wait_for_it_like_new_ones(reach: Reach) -> None:
    reach.people(1)
    push(reach, {**REPLY, "content": "好的"}, kind="reply")
    push(reach, {**REPLY, "phone_number": phone(99), "sequence_id": "9"}, kind="reply")
    Dirty.objects.all().delete()
    import_module("laoke.dispatch.migrations.0003_replies_are_mirrored").mark_all(apps, None)
    known = Reply.objects.exclude(person_id=None).get()
    assert list(Dirty.objects.values_list("shop_id", "mirror", "key")) == [
        (reach.shop.pk, "replies", str(known.pk))
    ]
