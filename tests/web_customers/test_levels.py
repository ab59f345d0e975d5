"""Member levels: conditions that rise, who has which, who is near, and notes about one person."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from laoke.web.figures import yuan

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db

SILVER = {
    "name": "银卡",
    "within": "year",
    "orders_from": "2",
    "net_from": "300",
    "term_days": "365",
    "reward": "生日礼",
}
GOLD = {"name": "金卡", "within": "year", "orders_from": "4", "net_from": "1000.50", "term_days": "365"}


def text(response) -> str:
    return response.content.decode()


def rows_of(demo: Demo) -> list[dict[str, Any]]:
    from laoke.audiences.readings import reading_of

    reading = reading_of(demo.shop, demo.now.date())
    return reading.reader.rows(
        "SELECT person_id, orders_365, net_cents_365 FROM customer_features WHERE as_of_day = $day",
        {"day": reading.as_of_day},
    )


def test_levels_are_counted_like_reading_everybody_one_by_one(demo: Demo) -> None:
    from laoke.audiences import levels
    from laoke.audiences.readings import reading_of

    client = demo.client()
    client.post("/customers/levels/save/", GOLD)
    client.post("/customers/levels/save/", SILVER)
    known = levels.levels_of(demo.shop)
    assert [(one.rank, one.name, one.net_cents_from) for one in known] == [
        (1, "银卡", 30_000),
        (2, "金卡", 100_050),
    ]
    found = levels.standings(known, reading_of(demo.shop, demo.now.date()))
    gold = silver = near_gold = 0
    for row in rows_of(demo):
        n, cents = row["orders_365"], row["net_cents_365"]
        has_gold = n >= 4 or cents >= 100_050
        gold += has_gold
        silver += (n >= 2 or cents >= 30_000) and not has_gold
        near_gold += (n >= 3 or cents >= 80_040) and not has_gold
    assert [(one.people, one.near) for one in found][1] == (gold, near_gold)
    assert found[0].people == silver and gold > 0 and near_gold > 0
    page = text(client.get("/customers/levels/"))
    for said in ("近一年买过 4 天，或净付满", "快到「金卡」的人", "银卡：近一年", "生日礼", "还差"):
        assert said in page


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"orders_from": "", "net_from": ""}, "写上条件"), ({"name": "银卡"}, "已经有「银卡」"),
        ({"orders_from": "2", "net_from": "2000"}, "比不出高低"), ({"within": "always"}, "比不出高低"),
        ({"net_from": "abc"}, "金额写成"), ({"name": ""}, "没有记下"),
    ],
)  # fmt: skip
def test_a_level_that_cannot_be_says_why(demo: Demo, changed: dict[str, str], said: str) -> None:
    from laoke.customers.models import MemberLevel

    client = demo.client()
    client.post("/customers/levels/save/", SILVER)
    client.post("/customers/levels/save/", {**GOLD, **changed})
    assert said in text(client.get("/customers/levels/"))
    assert MemberLevel.objects.count() == 1


def test_a_customer_sees_their_level_and_what_is_missing(demo: Demo) -> None:
    client = demo.client()
    client.post("/customers/levels/save/", SILVER)
    client.post("/customers/levels/save/", GOLD)
    row = next(
        r
        for r in rows_of(demo)
        if (r["orders_365"] >= 2 or r["net_cents_365"] >= 30_000)
        and r["orders_365"] < 4
        and r["net_cents_365"] < 100_050
    )
    missing = yuan(100_050 - row["net_cents_365"])
    page = text(client.get(f"/customers/{row['person_id']}/"))
    assert f"银卡 · 到「金卡」再买 {4 - row['orders_365']} 天，或再付 {missing}" in page
    level = re.search(r"/customers/levels/(\d+)/remove/", text(client.get("/customers/levels/")))
    assert level
    client.post(f"/customers/levels/{level[1]}/remove/")
    page = text(client.get(f"/customers/{row['person_id']}/"))
    assert "银卡 · " not in page and "到「金卡」再买" in page


def test_levels_are_for_looking_at_and_for_few_to_change(demo: Demo) -> None:
    client = demo.client(demo.analyst)
    assert client.get("/customers/levels/").status_code == 200
    assert client.post("/customers/levels/save/", SILVER).status_code == 403


def test_a_note_is_sealed_shown_to_those_who_talk_with_buyers_and_deleted(demo: Demo) -> None:
    from laoke.customers.models import PersonNote
    from laoke.shops.models import AuditEvent

    person = rows_of(demo)[0]["person_id"]
    client = demo.client(demo.service)
    client.post(f"/customers/{person}/note/", {"text": " "})
    assert "写点什么再记" in text(client.get(f"/customers/{person}/"))
    client.post(f"/customers/{person}/note/", {"text": "要送礼，电话 13800000021"})
    row = PersonNote.objects.get()
    assert "送礼".encode() not in bytes(row.sealed)
    assert "要送礼，电话 13800000021" in text(client.get(f"/customers/{person}/"))
    assert "要送礼" not in text(demo.client(demo.analyst).get(f"/customers/{person}/"))
    assert client.post(f"/customers/notes/{row.pk}/remove/").status_code == 403
    demo.client().post(f"/customers/notes/{row.pk}/remove/")
    assert not PersonNote.objects.exists()
    assert list(AuditEvent.objects.filter(act__startswith="note.").order_by("pk").values_list("act", flat=True)) == [
        "note.add", "note.remove",
    ]  # fmt: skip


def test_a_level_of_one_cent_and_one_too_large_leave_the_page_as_it_is(demo: Demo) -> None:
    """Nobody is near the first; the second could be asked for by no filter."""
    client = demo.client()
    client.post("/customers/levels/save/", {**SILVER, "orders_from": "", "net_from": "0.01"})
    said = client.post(
        "/customers/levels/save/", {**GOLD, "orders_from": "", "net_from": "999999999999"}, follow=True
    )
    assert said.status_code == 200 and "条件里的数太大了" in text(said)
    page = text(client.get("/customers/levels/"))
    assert "银卡" in page and "金卡" not in page
