"""Lotteries in the browser: a draft is written, published, goods are handed over, it ends and is checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from typer.testing import CliRunner

from laoke.config.cli import app
from laoke.customers.models import Customer
from laoke.promotions.offers import edit_offer
from laoke.promotions.rewards import lotteries
from laoke.promotions.rewards.lottery_models import Lottery, LotteryDraw
from laoke.shops.models import Role
from laoke.shops.setup import add_user
from tests.campaigns.stores import Store, make_store
from tests.promotions_rows.coupon_shop import CouponShop
from tests.promotions_rows.lottery_shop import END, NOTEBOOK, LotteryShop
from tests.promotions_rows.points_shop import ANNA, NOW
from tests.web_rewards.test_points import browser

pytestmark = pytest.mark.django_db

WRITTEN = {
    "kind": "lottery", "name": "双11 抽奖", "organiser": "某某公司", "conditions": "下过单的客人",
    "starts_at": "2026-11-09T10:00", "ends_at": "2026-11-20T00:00", "per_person_limit": "2", "per_day_limit": "",
    "cost_points": "0", "cards": "",
    "prizes-TOTAL_FORMS": "2", "prizes-INITIAL_FORMS": "0",
    "prizes-0-title": "手账本", "prizes-0-kind": "goods", "prizes-0-stock": "5", "prizes-0-odds": "12.5",
    "prizes-0-value": "39", "prizes-0-points": "", "prizes-0-issue": "", "prizes-1-title": "",
}  # fmt: skip


@pytest.fixture
def store(home: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    return make_store()


@pytest.fixture
def here(store: Store) -> LotteryShop:
    return LotteryShop.of(store.shop)


def seen(client: Client, lottery: Lottery, query: str = "") -> str:
    answer = client.get(reverse("lottery", args=[lottery.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_draft_is_written_changed_and_published(store: Store) -> None:
    client = browser(store.owner)

    answer = client.post(reverse("lottery_new"), WRITTEN)

    lottery = Lottery.objects.get()
    assert answer["Location"] == reverse("lottery", args=[lottery.pk])
    prize = lottery.prizes.get()
    assert (prize.odds_ppm, prize.value_cents, prize.stock) == (125_000, 3_900, 5)
    assert "草稿" in seen(client, lottery) and "12.50%" in seen(client, lottery)
    assert "手账本" in client.get(reverse("lottery_edit", args=[lottery.pk])).content.decode()
    client.post(reverse("lottery_edit", args=[lottery.pk]), WRITTEN | {"name": "双11 大抽奖"})
    client.post(reverse("lottery_publish", args=[lottery.pk]))

    lottery.refresh_from_db()
    page = seen(client, lottery)
    assert lottery.name == "双11 大抽奖" and lottery.commitment in page and "结束时公开" in page
    assert client.get(reverse("lottery_edit", args=[lottery.pk])).status_code == 302
    assert "双11 大抽奖" in client.get(reverse("lotteries")).content.decode()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"conditions": ""}, "这个字段是必填项"),
        ({"ends_at": "2026-11-09T10:00"}, "结束要晚于开始"),
        ({"prizes-0-value": "50000.01"}, "最高奖不得超过 50,000.00 元"),
        ({"prizes-0-odds": "100.1"}, "小于或等于100"),
        ({"prizes-0-title": ""}, "奖品要 1 到 10 种"),
        ({"kind": "scratch", "cards": "4"}, "不能少于奖品的 5 份"),
    ],
)
def test_a_draft_that_cannot_be_says_so_and_keeps_what_was_typed(
    store: Store, fields: dict[str, str], message: str
) -> None:
    answer = browser(store.owner).post(reverse("lottery_new"), WRITTEN | fields)

    assert answer.status_code == 422
    assert message in answer.content.decode() and "某某公司" in answer.content.decode()
    assert not Lottery.objects.exists()


def test_goods_are_handed_over_from_the_list_of_draws(here: LotteryShop, store: Store) -> None:
    lottery = here.open(prizes=[lotteries.Prize("手账本", "goods", 5, value_cents=3_900, odds_ppm=1_000_000)])
    here.drawn(lottery)
    here.drawn(lottery)
    client = browser(store.owner)
    assert "要兑" in seen(client, lottery, "?only=due")

    client.post(reverse("lottery_settle", args=[lottery.pk, 1]), {"note": "顺丰 1234"})

    assert list(LotteryDraw.objects.order_by("number").values_list("state", flat=True)) == ["given", "due"]
    assert "顺丰 1234" in seen(client, lottery)
    assert "顺丰 1234" not in seen(client, lottery, "?only=due")
    assert str(ANNA) in seen(client, lottery)


def test_a_coupon_that_cannot_be_given_is_settled_with_something_else(
    here: LotteryShop, store: Store
) -> None:
    Customer.objects.all().delete()
    coupons = CouponShop.of(here.shop)
    edit_offer(coupons.offer, {**coupons.offer.terms, "audience": "first_order"}, by=None, now=NOW)
    prize = lotteries.Prize("券", "coupon", 2, odds_ppm=1_000_000, issue=coupons.issue(per_person_limit=1))
    lottery = here.open(prizes=[prize])
    here.drawn(lottery)
    client = browser(store.owner)
    assert "只有首单顾客：奖品里的券别人用不了" in seen(client, lottery)
    assert "换成别的给了客户" not in seen(client, lottery)
    here.drawn(lottery)
    assert "换成别的给了客户" in seen(client, lottery, "?only=due")

    client.post(reverse("lottery_settle", args=[lottery.pk, 2]), {"note": "换成别的给了客户"})

    assert set(LotteryDraw.objects.values_list("state", flat=True)) == {"given"}


def test_after_the_end_every_draw_is_checked_on_the_page_and_from_the_file(
    here: LotteryShop, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lottery = here.open()
    for number in range(12):
        here.drawn(lottery, str(number))
    client = browser(store.owner)
    client.post(reverse("lottery_check", args=[lottery.pk]))
    assert Lottery.objects.get().seed == ""
    monkeypatch.setenv("LAOKE_NOW", f"={END:%Y-%m-%d %H:%M}")
    client.post(reverse("lottery_end", args=[lottery.pk]))

    checked = client.post(reverse("lottery_check", args=[lottery.pk])).content.decode()
    assert "12 抽全部和种子算的一样" in checked
    file = tmp_path / "抽奖.json"
    file.write_bytes(client.get(reverse("lottery_proof", args=[lottery.pk])).content)
    run = CliRunner().invoke(app, ["--json", "lottery", "verify", str(file)])
    assert (run.exit_code, json.loads(run.stdout)) == (0, {"fair": True, "draws": 12, "unlinked": 0})

    told = json.loads(file.read_text(encoding="utf-8"))
    link = told["draws"][4]["link"]
    assert link[:12] in checked and told["link"] in checked
    for held, code, said in (
        (f"5:{link}", 0, "12 抽全部对得上，种子和公布的摘要对得上。2026-11-20 00:00:00 结束"),
        (f"5:{link[::-1]}", 1, "凭证不一样的：第 5 抽"), (f"13:{link}", 1, "凭证不一样的：第 13 抽"),
        ("5", 1, "写成 第几抽:链"), (f"5:{link[:12]}", 1, "链要 64 个字符都抄全"),
    ):  # fmt: skip
        run = CliRunner().invoke(app, ["lottery", "verify", str(file), "--held", held])
        assert run.exit_code == code and said in run.output
    told["draws"][3]["prize"] = 0 if told["draws"][3]["prize"] != 0 else 1
    file.write_text(json.dumps(told), encoding="utf-8")
    run = CliRunner().invoke(app, ["--json", "lottery", "verify", str(file)])
    assert (run.exit_code, json.loads(run.stdout)["error"]) == (1, "not_fair")
    assert json.loads(run.stdout)["wrong"][0]["number"] == 4

    assert (told["drawn"], told["over_at"], told["over_reason"]) == (12, "2026-11-20 00:00:00", "")
    file.write_text(json.dumps(told | {"draws": told["draws"][:3]}), encoding="utf-8")
    run = CliRunner().invoke(app, ["--json", "lottery", "verify", str(file)])
    assert (run.exit_code, json.loads(run.stdout)["wrong"][0]["number"]) == (1, 4)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{}", "not_published"),
        ("x", "not_published"),
        ('{"seed": null}', "no_seed"),
        ('{"seed": "00", "seed": null}', "not_published"),
    ],
)
def test_a_file_that_cannot_be_checked_is_refused(tmp_path: Path, text: str, code: str) -> None:
    file = tmp_path / "a.json"
    file.write_text(text, encoding="utf-8")

    run = CliRunner().invoke(app, ["--json", "lottery", "verify", str(file)])

    assert (run.exit_code, json.loads(run.stdout)["error"]) == (1, code)


def test_before_its_time_only_the_owner_ends_it_and_says_why(here: LotteryShop, store: Store) -> None:
    lottery = here.open(prizes=[NOTEBOOK])
    operator, _ = add_user("yunying", shops=[store.shop], role=Role.OPERATOR, now=NOW, full_name="周舟")

    assert browser(operator).post(reverse("lottery_end", args=[lottery.pk]), {"why": "x"}).status_code == 403
    browser(store.owner).post(reverse("lottery_end", args=[lottery.pk]), {"why": " "})
    assert Lottery.objects.get().over_at is None
    browser(store.owner).post(reverse("lottery_end", args=[lottery.pk]), {"why": "奖品发错"})
    ended = Lottery.objects.get()
    assert ended.over_reason == "奖品发错" and ended.over_at == NOW
    assert "今天 10:00，奖品发错" in seen(browser(store.owner), ended)


def test_who_may_only_look_changes_nothing(here: LotteryShop, store: Store) -> None:
    lottery, draft = here.open(), here.draft()
    here.drawn(lottery)
    analyst, _ = add_user("fenxi", shops=[store.shop], role=Role.ANALYST, now=NOW, full_name="沈言")
    client = browser(analyst)

    assert (
        seen(client, lottery) and client.get(reverse("lottery_proof", args=[lottery.pk])).status_code == 200
    )
    assert client.get(reverse("lottery_new")).status_code == 403
    for name, args in (("publish", [draft.pk]), ("end", [lottery.pk]), ("settle", [lottery.pk, 1])):
        assert client.post(reverse(f"lottery_{name}", args=args)).status_code == 403
    service, _ = add_user("kefu", shops=[store.shop], role=Role.SERVICE, now=NOW, full_name="许安")
    assert browser(service).get(reverse("lotteries")).status_code == 403
