"""Frozen segments: a file that never changes, named segments, and the six that a shop starts with."""

from __future__ import annotations

import pytest
from django.conf import settings

from laoke.audiences import counting, segments, snapshots
from laoke.audiences.models import Segment, Snapshot
from laoke.audiences.tokens import FilterError
from laoke.customers import tags
from laoke.shops.models import AuditEvent, CatalogEntry
from tests.audiences.world import AS_OF, NOW, TODAY, World
from tests.warehouse.shops import order


@pytest.fixture
def shop(world: World) -> World:
    world.load(
        [
            order("a1", 1, day=AS_OF - 10, city="杭州", paid_cents=30_000),
            order("a2", 1, day=AS_OF - 40, city="杭州", paid_cents=30_000),
            order("b1", 2, day=AS_OF - 50, city="上海"),
            order("c1", 3, day=AS_OF - 200, city="上海"),
        ]
    )
    return world


def test_a_snapshot_holds_people_with_what_the_filter_read(shop: World) -> None:
    text = 'spent(>= 100, within 365d) and city in ("杭州", "上海") and not tag("挑剔")'
    taken = snapshots.freeze(shop.shop, text, now=NOW, by=shop.user)
    frozen = snapshots.read_snapshot(taken)
    assert (frozen.count, frozen.text, frozen.as_of) == (3, text, TODAY)
    assert frozen.people.to_pylist() == [
        {"person_id": 1, "spent_365d": 60_000, "city": "杭州", "tag": False},
        {"person_id": 2, "spent_365d": 10_000, "city": "上海", "tag": False},
        {"person_id": 3, "spent_365d": 10_000, "city": "上海", "tag": False},
    ]
    assert CatalogEntry.objects.get(pk=taken.catalog_ref).pinned
    event = AuditEvent.objects.get(act="segment.freeze")
    assert (event.count, event.actor, event.detail["sha256"]) == (3, shop.user, taken.sha256)


def test_a_snapshot_stays_as_it_was(shop: World) -> None:
    taken = snapshots.freeze(shop.shop, 'not tag("挑剔")', now=NOW, by=None)
    tag = tags.make_tag(shop.shop, "挑剔", now=NOW)
    tags.set_tag(tag, [1], by=shop.user, now=NOW)
    assert counting.count(shop.shop, 'not tag("挑剔")', TODAY).n == 2
    assert snapshots.read_snapshot(taken).people.column("person_id").to_pylist() == [1, 2, 3]
    again = snapshots.freeze(shop.shop, 'not tag("挑剔")', now=NOW, by=None)
    assert again.count == 2 and again.path != taken.path


def test_a_changed_or_missing_file_is_refused(shop: World) -> None:
    taken = snapshots.freeze(shop.shop, "bought", now=NOW, by=None)
    path = settings.PLACE.home / taken.path
    whole = path.read_bytes()
    path.write_bytes(whole[:-20] + b"x" + whole[-19:])
    with pytest.raises(snapshots.SnapshotDamaged) as refused:
        snapshots.read_snapshot(taken)
    assert refused.value.code == "changed"
    path.unlink()
    with pytest.raises(snapshots.SnapshotDamaged) as refused:
        snapshots.read_snapshot(taken)
    assert refused.value.code == "missing"


def test_nobody_can_be_frozen_too(shop: World) -> None:
    taken = snapshots.freeze(shop.shop, "bought(9+)", now=NOW, by=None)
    assert snapshots.read_snapshot(taken).people.num_rows == taken.count == 0


def test_a_wrong_filter_freezes_nothing(shop: World) -> None:
    with pytest.raises(FilterError):
        snapshots.freeze(shop.shop, "bouhgt", now=NOW, by=None)
    assert not Snapshot.objects.exists() and not list(settings.PLACE.snapshots.iterdir())


def test_a_segment_is_saved_as_the_language_prints_it(shop: World) -> None:
    saved = segments.save_segment(shop.shop, " 杭州老客 ", "买过(2+) 且 城市 = 杭州", by=shop.user, now=NOW)
    assert (saved.name, saved.text) == ("杭州老客", 'bought(2+) and city in ("杭州")')
    assert segments.recount(saved, now=NOW) == Segment.objects.get().last_count == 1
    changed = segments.save_segment(shop.shop, "杭州老客", "bought", by=shop.user, now=NOW, segment=saved)
    assert changed.pk == saved.pk and Segment.objects.get().tree["measure"] == "bought"
    taken = snapshots.freeze(shop.shop, changed, now=NOW, by=None)
    assert (taken.segment, taken.name, taken.count) == (changed, "杭州老客", 3)


@pytest.mark.parametrize(
    ("name", "code"), [("", "empty_name"), ("长" * 61, "long_name"), ("老客", "name_taken")]
)
def test_a_name_that_cannot_be_used_is_refused(shop: World, name: str, code: str) -> None:
    segments.save_segment(shop.shop, "老客", "bought", by=None, now=NOW)
    with pytest.raises(segments.SegmentRefused) as refused:
        segments.save_segment(shop.shop, name, "bought", by=None, now=NOW)
    assert refused.value.code == code
    assert Segment.objects.count() == 1


def test_a_shop_starts_with_six_segments_made_once(shop: World) -> None:
    assert segments.ensure_builtin(shop.shop, NOW) == 6
    assert segments.ensure_builtin(shop.shop, NOW) == 0
    counts = {one.name: segments.recount(one, now=NOW) for one in segments.segments_of(shop.shop)}
    assert counts == {
        "活跃客户": 1, "忠诚客户": 1, "一般客户": 1, "半年未购": 1, "首单未复购": 2, "可短信触达": 0,
    }  # fmt: skip
    segments.archive_segment(segments.segments_of(shop.shop)[0], now=NOW)
    assert segments.ensure_builtin(shop.shop, NOW) == 0
    assert len(segments.segments_of(shop.shop)) == 5


def test_a_sample_is_the_same_for_the_same_seed(shop: World) -> None:
    shop.buyers(*range(100, 160), days_ago=5)
    first = [row["person_id"] for row in counting.sample(shop.shop, "bought", 10, seed=1, today=TODAY)]
    assert first == [
        row["person_id"] for row in counting.sample(shop.shop, "bought", 10, seed=1, today=TODAY)
    ]
    assert first != [
        row["person_id"] for row in counting.sample(shop.shop, "bought", 10, seed=2, today=TODAY)
    ]
    assert len(set(first)) == 10 and first == sorted(first)
    assert counting.sample(shop.shop, "bought(9+)", 10, today=TODAY) == []


def test_who_is_in_a_segment(shop: World) -> None:
    found = counting.breakdown(shop.shop, 'city = "上海"', TODAY)
    assert (found.n, found.people, found.lifecycle) == (2, 3, {"new_customer": 1, "dormant": 1})
    assert found.groups == {"active": 1, "ordinary": 1}
    assert (found.sales_cents, found.shop_sales_cents, found.sales_share) == (20_000, 80_000, 0.25)


def test_why_a_person_is_out(shop: World) -> None:
    found = counting.explain(shop.shop, 'spent(>= 500) and not (city = "杭州" or bought(5+))', 1, TODAY)
    assert found is not None and not found.held and found.joined_by == "and"
    spent, unless = found.parts
    assert (spent.held, spent.found, spent.found_text) == (True, 60_000, "¥600.00")
    assert (unless.held, unless.parts[0].held) == (False, True)
    city, often = unless.parts[0].parts
    assert (city.held, city.found_text, often.held, often.found_text) == (True, "杭州", False, "2")
    last = counting.explain(shop.shop, "last_order(<= 90d)", 3, TODAY)
    assert last is not None and (last.held, last.found_text) == (False, "2025-04-22")
