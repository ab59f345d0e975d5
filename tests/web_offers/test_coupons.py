"""Coupons in the browser: an issue is written, codes are made and taken home, one is looked up and blocked."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook  # type: ignore[import-untyped]

from laoke.config.worker import run_job
from laoke.promotions.coupons import moves
from laoke.promotions.coupons.codes import shown_code
from laoke.promotions.models import Coupon, CouponBatch, CouponIssue
from laoke.promotions.rewards import lotteries
from laoke.shops import jobs
from laoke.shops.models import AuditEvent, Role, User
from laoke.shops.setup import add_user
from laoke.web import figures
from tests.campaigns.stores import Store, make_store
from tests.promotions_rows.coupon_shop import ANNA, NOW, CouponShop, later
from tests.promotions_rows.lottery_shop import rules

pytestmark = pytest.mark.django_db

WRITTEN = {
    "name": "双11 券", "total_limit": "50", "per_person_limit": "", "budget_cents": "60",
    "valid_from": "2026-11-09T10:00", "valid_to": "2026-11-20T00:00", "days_after_claim": "",
}  # fmt: skip


@pytest.fixture
def store(home: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    return make_store()


@pytest.fixture
def here(store: Store) -> CouponShop:
    return CouponShop.of(store.shop)


def browser(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(must_change_password=False)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def seen(client: Client, issue: CouponIssue) -> str:
    answer = client.get(reverse("coupon_issue", args=[issue.pk]))
    assert answer.status_code == 200
    return answer.content.decode()


def work() -> None:
    job = jobs.claim("w", NOW)
    assert job is not None
    run_job(job, lambda: NOW)


def test_an_issue_is_written_in_yuan_and_shown_on_its_offer(here: CouponShop, store: Store) -> None:
    client = browser(store.owner)

    answer = client.post(reverse("coupon_issue_new", args=[here.offer.pk]), WRITTEN)

    issue = CouponIssue.objects.get()
    assert answer["Location"] == reverse("coupon_issue", args=[issue.pk])
    assert (issue.total_limit, issue.budget_cents, issue.per_person_limit) == (50, 6_000, None)
    assert "双11 券" in client.get(reverse("offer", args=[here.offer.pk])).content.decode()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"valid_to": ""}, "写明有效到什么时候，或领后几天有效"),
        ({"valid_to": "2026-11-09T10:00"}, "有效期的结束要晚于开始"),
        ({"budget_cents": "很多"}, "写一个金额"),
        ({"total_limit": "0"}, "大于或等于1"),
    ],
)
def test_a_wrong_field_is_refused_where_it_stands(
    here: CouponShop, store: Store, fields: dict[str, str], message: str
) -> None:
    answer = browser(store.owner).post(reverse("coupon_issue_new", args=[here.offer.pk]), WRITTEN | fields)

    assert answer.status_code == 422 and message in answer.content.decode()
    assert not CouponIssue.objects.exists()


def test_codes_are_made_by_a_worker_and_taken_home_with_an_audit_row(here: CouponShop, store: Store) -> None:
    client, issue = browser(store.owner), here.issue(total_limit=30)

    client.post(reverse("coupon_issue_codes", args=[issue.pk]), {"count": "25"})
    assert "要做 25" in seen(client, issue)
    work()
    answer = client.post(reverse("coupon_issue_file", args=[issue.pk, CouponBatch.objects.get().pk]))

    rows = list(load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True))
    codes = [shown_code(code) for code in Coupon.objects.order_by("pk").values_list("code", flat=True)]
    assert rows[0] == ("券码", "状态", "有效到")
    assert [row[0] for row in rows[1:]] == codes and len(codes) == 25
    assert rows[1][1:] == ("没人领", "2026-11-20 00:00")
    row = AuditEvent.objects.get(act="coupon.export")
    assert (row.count, row.actor, len(row.detail["sha256"])) == (25, store.owner, 64)
    assert "还能做 5 个" in seen(client, issue)


def test_more_codes_than_there_is_room_for_are_refused(here: CouponShop, store: Store) -> None:
    client, issue = browser(store.owner), here.issue(total_limit=30)

    for count in ("31", "0", "-1", "很多", "1e9"):
        client.post(reverse("coupon_issue_codes", args=[issue.pk]), {"count": count})

    assert not CouponBatch.objects.exists() and jobs.claim("w", NOW) is None


def test_the_page_shows_what_became_of_the_coupons(here: CouponShop, store: Store) -> None:
    issue = here.issue(budget_cents=6_000)
    used, held, _waiting = (here.claimed(issue) for _ in range(3))
    here.reserved(used)
    here.reserved(held, order="A-2")
    moves.redeem(used, order_id="A-1", now=NOW, by="t")

    page = seen(browser(store.owner), issue)

    assert "40.00" in page and "60.00" in page
    assert "1 天里核销 1 张" in page and "2026-11-09" in page


def test_a_code_is_looked_up_as_typed_and_blocked(here: CouponShop, store: Store) -> None:
    client, issue = browser(store.owner), here.issue()
    coupon = here.claimed(issue)
    look, block = (reverse(f"coupon_issue_{act}", args=[issue.pk]) for act in ("look", "block"))

    page = client.post(look, {"code": shown_code(coupon.code).lower()}).content.decode()
    assert shown_code(coupon.code) in page and "停用这个码" in page and str(ANNA) in page
    assert "没有这个券码" in client.post(look, {"code": "2222-2222-2222"}).content.decode()
    assert "这不是一个券码" in client.post(look, {"code": "<script>"}).content.decode()

    client.post(block, {"code": coupon.code})
    assert Coupon.objects.get().state == "blocked"
    assert "停用这个码" not in client.post(look, {"code": coupon.code}).content.decode()
    assert AuditEvent.objects.filter(act="coupon.block", actor=store.owner).exists()


def test_an_issue_is_stopped_once_and_gives_nothing_more_out(here: CouponShop, store: Store) -> None:
    client, issue = browser(store.owner), here.issue()

    client.post(reverse("coupon_issue_stop", args=[issue.pk]))

    assert CouponIssue.objects.get().stopped_at == NOW
    page = seen(client, issue)
    assert "已停" in page and "做多少个码" not in page


def test_an_issue_that_a_lottery_promises_stays_and_its_offer_too(here: CouponShop, store: Store) -> None:
    client, issue = browser(store.owner), here.issue()
    prize = lotteries.Prize("一张券", "coupon", 2, odds_ppm=1_000, issue=issue)
    draft = lotteries.save_draft(store.shop, rules(prizes=[prize]), by=None, now=NOW)
    lotteries.publish(draft, by=None, now=NOW)

    for address in (
        reverse("coupon_issue_stop", args=[issue.pk]), reverse("offer_archive", args=[issue.offer_id])
    ):  # fmt: skip
        page = client.post(address, follow=True).content.decode()
        assert "双11 抽奖" in page and "在抽奖页提前结束" in page
    issue.refresh_from_db()
    assert (issue.stopped_at, issue.offer.archived) == (None, False)


def test_who_may_only_read_changes_nothing_and_other_shops_see_nothing(
    here: CouponShop, store: Store
) -> None:
    issue = here.issue()
    coupon = here.claimed(issue)
    analyst, _ = add_user("fenxi", shops=[store.shop], role=Role.ANALYST, now=NOW, full_name="沈言")
    service, _ = add_user("kefu", shops=[store.shop], role=Role.SERVICE, now=NOW, full_name="许安")
    reader = browser(analyst)
    assert "停掉这一批" not in seen(reader, issue)
    for name, more in (("stop", {}), ("codes", {"count": "1"}), ("block", {"code": coupon.code})):
        assert reader.post(reverse(f"coupon_issue_{name}", args=[issue.pk]), more).status_code == 403
    assert browser(service).get(reverse("coupon_issue", args=[issue.pk])).status_code == 403
    other = make_store("别家", owner_name="other")
    assert browser(other.owner).get(reverse("coupon_issue", args=[issue.pk])).status_code == 404
    assert Coupon.objects.get().state == "claimed"


def test_a_customers_page_shows_held_and_used_coupons_and_their_story(here: CouponShop, store: Store) -> None:
    issue = here.issue()
    used, held = here.claimed(issue), here.claimed(issue)
    here.reserved(used)
    moves.redeem(used, order_id="A-1", now=later(3), by="t")

    owner = browser(store.owner)
    page, story = (
        owner.get(reverse(name, args=[ANNA])).content.decode() for name in ("customer", "customer_history")
    )

    assert f"用了券「双11 券」，减 {figures.yuan(2_000)}" in story and story.count("领了券「双11 券」") == 2
    assert f"…{held.code[-4:]}" in page
    assert all(held.code not in part and shown_code(held.code) not in part for part in (page, story))
