"""Two people who change the rules at the same moment: each in a thread, with a connection and a page of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.db import connection

from laoke.insights.fake_orders import flags
from laoke.insights.models import OrderFlag
from laoke.shops import audit
from laoke.shops.models import AuditEvent, Dirty, Role, Shop, User
from laoke.shops.setup import add_shop, add_user
from tests.people import NOW

pytestmark = pytest.mark.django_db(transaction=True)

Act = Callable[[Shop, User], object]


def at_once(*acts: Act) -> None:
    """Each act over the shop as its page was shown before any of them."""
    together = Barrier(len(acts))
    pages = [(Shop.objects.get(), User.objects.get()) for _ in acts]

    def run(act: Act, shop: Shop, by: User) -> None:
        try:
            together.wait()
            act(shop, by)
        finally:
            connection.close()

    threads = [Thread(target=run, args=[act, *page]) for act, page in zip(acts, pages, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.fixture
def shop(home: Path) -> Shop:
    made = add_shop("书店", now=NOW)
    add_user("boss", shops=[made], role=Role.OWNER, now=NOW)
    return made


def test_threshold_flags_and_weights_set_at_once_all_stay(shop: Shop) -> None:
    points = {**flags.rules_of(shop).points, "burst": 11, "cluster": 12}
    at_once(
        lambda page, by: flags.set_threshold(page, 70, by=by, now=NOW),
        lambda page, by: flags.change_rules(page, {"points": {"burst": 11}}, by=by, now=NOW),
        lambda page, by: flags.change_rules(page, {"points": {"cluster": 12}}, by=by, now=NOW),
        lambda page, by: flags.change_rules(page, {"memo_flags": [4]}, by=by, now=NOW),
    )
    shop.refresh_from_db()
    rules = flags.rules_of(shop)
    assert (rules.threshold, rules.points, rules.memo_flags) == (70, points, (4,))
    assert AuditEvent.objects.filter(act="shop.settings").count() == 4
    assert audit.verify().whole


def test_a_line_moved_by_two_at_once_marks_every_order_that_it_passes(shop: Shop) -> None:
    for score in (40, 60, 80):
        OrderFlag.objects.create(
            shop=shop, order_id=f"F{score}", placed_at=datetime(2026, 11, 1), paid_cents=1, score=score,
            reasons=[], signals="", scored_at=NOW,
        )  # fmt: skip
    stale = Shop.objects.get()
    by = User.objects.get()
    assert flags.set_threshold(shop, 90, by=by, now=NOW) == 2
    Dirty.objects.all().delete()
    assert flags.set_threshold(stale, 50, by=by, now=NOW) == 2
    assert sorted(Dirty.objects.filter(mirror=flags.MIRROR).values_list("key", flat=True)) == ["F60", "F80"]
