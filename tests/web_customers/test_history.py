"""The line of time of one customer: what stands on it, page by page, kind by kind."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


# As HTMX asks for what it puts into a page.
AS_PART = {"HX-Request": "true"}


def text(response) -> str:
    return response.content.decode()


def busiest(demo: Demo) -> int:
    from laoke.audiences.readings import reading_of

    rows = reading_of(demo.shop, demo.now.date()).reader.rows(
        "SELECT person_id FROM customer_features ORDER BY orders DESC, person_id LIMIT 1"
    )
    return int(rows[0]["person_id"])


def moments(page: str) -> list[str]:
    line = page.split('<ul class="timeline">')[1].split("</ul>")[0]
    return [
        found
        for found in re.findall(r"<li(?: class=\"\w+\")?>.*?</li>", line, re.S)
        if 'class="gap"' not in found
    ]


def test_pages_follow_each_other_without_a_gap_and_lead_back(demo: Demo) -> None:
    from laoke.customers import tags

    person = busiest(demo)
    for n in range(60):
        tag = tags.make_tag(demo.shop, f"第{n}个", now=demo.now)
        tags.set_tag(tag, [person], by=demo.owner, now=demo.now - timedelta(hours=n))
    client, here = demo.client(), f"/customers/{person}/history/"
    address, seen = here, []
    for _turn in range(20):
        page = text(client.get(address))
        seen.append(moments(page))
        following = re.search(r'rel="next" href="([^"]+)#history"', page)
        if not following:
            break
        address = here + following[1].replace("&amp;", "&")
    total = re.search(r"全部 (\d+)</a>", page)
    assert total and sum(map(len, seen)) == int(total[1]) and len(seen) > 2
    flat = [one for part in seen for one in part]
    assert [re.search(r"第\d+个", one)[0] for one in flat if "打上「第" in one] == [
        f"第{n}个" for n in range(60)
    ]
    back = re.search(r'rel="prev" href="([^"]+)#history"', page)
    assert back and moments(text(client.get(here + back[1].replace("&amp;", "&")))) == seen[-2]


def test_a_kind_shows_nothing_else_and_nonsense_shows_all(demo: Demo) -> None:
    from laoke.customers import tags

    person, client = busiest(demo), demo.client()
    tags.set_tag(
        tags.make_tag(demo.shop, "爱晒图", now=demo.now), [person], by=demo.owner, now=demo.now, reason="有图"
    )
    only = moments(text(client.get(f"/customers/{person}/history/?kind=decision")))
    assert any("打上「爱晒图」" in one and "林夏 · 有图" in one for one in only)
    assert not any("下单" in one for one in only)
    for address in ("?kind=evil", "?after=x|y", "?before=2026-99-99|order|1"):
        page = moments(text(client.get(f"/customers/{person}/history/{address}")))
        assert any("爱晒图" in one for one in page) and any("下单" in one for one in page)


def test_what_the_ledger_decided_stands_between_the_orders(demo: Demo) -> None:
    from laoke.customers import consent
    from laoke.customers.models import Consent

    person: int = Consent.objects.order_by("person_id").values_list("person_id", flat=True)[0]
    consent.opt_out(demo.shop, "sms", now=demo.now, source="reply", person_id=person)
    page = text(demo.client().get(f"/customers/{person}/history/?kind=decision"))
    assert "同意短信用于营销消息" in page and "第 2024-01 版原话" in page
    assert "拒绝短信用于所有目的" in page and "本人回复" in page


def test_a_message_tells_its_attempts(demo: Demo) -> None:
    from laoke.dispatch import occasions
    from laoke.dispatch.gateways import make_loopback_gateway
    from laoke.dispatch.models import Attempt, Batch, Message

    person, now = busiest(demo), demo.now
    gateway = make_loopback_gateway(demo.shop, now=now)
    sent = occasions.make_occasion(
        demo.shop, now=now, by=demo.owner, kind="round", name="会员日提醒", channel="sms", not_before=now,
        not_after=now + timedelta(days=1), gateway=gateway, signature="", body="",
    )  # fmt: skip
    message = Message.objects.create(
        occasion=sent,
        person_id=person,
        customer_id=person,
        arm="treated",
        state="delivered",
        due_at=now,
        sent_at=now,
    )
    for number, outcome in enumerate(("not_accepted", "accepted")):
        batch = Batch.objects.create(
            occasion=sent,
            gateway=gateway,
            out_id=f"o{number}",
            worker="w",
            people=1,
            written_at=now,
            deadline=now,
        )
        Attempt.objects.create(
            message=message, batch=batch, lease_token=1, sealed_recipient=b"", key_id="v", written_at=now,
            deadline=now, outcome=outcome,
        )  # fmt: skip
    page = text(demo.client().get(f"/customers/{person}/history/?kind=message"))
    assert "短信：会员日提醒" in page and "送达 · 试了 2 次：未受理，已受理" in page


def test_refunds_stand_on_the_line(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of

    reader = reading_of(demo.shop, demo.now.date()).reader
    row = reader.rows(
        "SELECT o.customer_id, r.amount_cents FROM refunds r JOIN orders o ON o.order_id = r.order_id"
        " WHERE o.customer_id IS NOT NULL ORDER BY r.refund_id LIMIT 1"
    )[0]
    page = text(demo.client().get(f"/customers/{row['customer_id']}/history/?kind=refund"))
    assert f"{row['amount_cents'] / 100:,.2f}" in page and "退款" in page


def test_habits_say_what_the_orders_tell_and_no_more(demo: Demo) -> None:
    from laoke.audiences.readings import reading_of

    client, person = demo.client(), busiest(demo)
    assert "一句话" in text(client.get(f"/customers/{person}/"))
    page = text(client.get(f"/customers/{person}/habits/"))
    for said in (
        "价位",
        "用券",
        "两次之间",
        "下次大概",
        "什么时候买",
        "1月" if "1月" in page else "月",
    ):
        assert said in page
    once = reading_of(demo.shop, demo.now.date()).reader.rows(
        "SELECT person_id FROM customer_features WHERE orders = 1 ORDER BY person_id LIMIT 1"
    )[0]["person_id"]
    page = text(client.get(f"/customers/{once}/habits/", headers=AS_PART))
    assert "只在一天买过，还算不出" in page and "少于 3 段，说不准" in page and "买得还少，说不准" in page


def test_points_draws_and_referrals_stand_on_the_line_in_plain_words(demo: Demo) -> None:
    from laoke.customers.models import Customer
    from laoke.promotions.rewards import lotteries, lottery_draws, points, referrals
    from laoke.promotions.rewards.points_scheme import Terms, set_scheme
    from tests.promotions_rows.lottery_shop import rules
    from tests.promotions_rows.points_shop import RULE

    person, shop, now = busiest(demo), demo.shop, demo.now
    set_scheme(shop, Terms(**RULE), by=None, now=now)
    points.earn(shop, person, order_id="Z-1", paid_cents=30_000, now=now - timedelta(days=3), by="t")
    points.earn(shop, person, order_id="Z-2", paid_cents=20_000, now=now - timedelta(days=2), by="t")
    points.give(shop, person, 50, source=points.GIFT, note="生日快乐", now=now - timedelta(days=2), by="t")
    points.reserve(shop, person, order_id="Z-3", points=400, payable_cents=90_000, now=now, by="t")
    wanted = rules(
        starts_at=now, ends_at=now + timedelta(days=9),
        prizes=[lotteries.Prize("手账本", "goods", 5, value_cents=3_900, odds_ppm=1_000_000)],
    )  # fmt: skip
    lottery = lotteries.publish(lotteries.save_draft(shop, wanted, by=None, now=now), by=None, now=now)
    lottery_draws.draw(lottery, person, "", now=now, by="t")
    referrals.set_scheme(shop, referrals.Terms(((1, 1_000),), 15), by=None, now=now)
    friend = Customer.objects.create(pk=7_001, owner=shop.owner, person_id=7_001, created_at=now)
    referrals.accept(shop, referrals.invite(shop, person, now=now).code, friend.pk, now=now)
    client = demo.client()

    used, given, earned, first = moments(text(client.get(f"/customers/{person}/history/?kind=points")))
    assert "用了 400 积分" in used and "订单 Z-3" in used
    assert "收到送的 50 积分" in given and "生日快乐" in given
    assert "得了 200 积分" in earned and "得了 300 积分" in first and "订单 Z-1" in first
    [draw] = moments(text(client.get(f"/customers/{person}/history/?kind=draw")))
    assert "在「双11 抽奖」里抽中了手账本" in draw and "要兑" in draw
    [brought] = moments(text(client.get(f"/customers/{person}/history/?kind=referral")))
    assert "带来了一位朋友" in brought and "等首单" in brought and "7001" not in brought
    page = text(client.get(f"/customers/{friend.pk}/history/?kind=referral"))
    assert "由老客带来" in page and str(person) not in moments(page)[0]
