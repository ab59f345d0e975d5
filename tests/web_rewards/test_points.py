"""Points in the browser: the rule is written, what is out is shown, a present is given, a card tells a person's."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook  # type: ignore[import-untyped]

from laoke.promotions.rewards.models import PointsEvent, PointsLot, PointsScheme
from laoke.shops.models import AuditEvent, Role, User
from laoke.shops.setup import add_user
from laoke.shops.tokens import make_token
from tests.campaigns.stores import Store, make_store
from tests.promotions_rows.points_shop import ANNA, NOW, PointsShop

pytestmark = pytest.mark.django_db

WRITTEN = {
    "earn_cents": "1", "earn_points": "1", "burn_points": "100", "burn_cents": "1", "least_points": "500",
    "share": "30", "most_a_day": "", "wait_days": "7", "good_days": "365",
}  # fmt: skip


@pytest.fixture
def store(home: Any, db: None, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    return make_store()


@pytest.fixture
def here(store: Store) -> PointsShop:
    return PointsShop.of(store.shop)


def browser(user: User) -> Client:
    User.objects.filter(pk=user.pk).update(must_change_password=False)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def seen(client: Client, query: str = "") -> str:
    answer = client.get(reverse("points") + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_rule_is_written_in_yuan_and_percent(store: Store) -> None:
    client = browser(store.owner)
    assert "客户手里的积分" not in seen(client)

    answer = client.post(reverse("points"), WRITTEN)

    scheme = PointsScheme.objects.get()
    assert answer["Location"] == reverse("points")
    assert (scheme.earn_cents, scheme.burn_cents, scheme.most_share_bp, scheme.most_a_day) == (
        100,
        100,
        3_000,
        None,
    )
    assert "客户手里的积分" in seen(client)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"least_points": "150"}, "整倍"),
        ({"most_a_day": "300"}, "不能少于一次至少用的分"),
        ({"wait_days": "365"}, "比有效天数短"),
        ({"earn_cents": "0"}, "两个数都要大于 0"),
        ({"share": "101"}, "小于或等于100"),
    ],
)
def test_a_rule_that_cannot_be_says_so_at_its_field(
    store: Store, fields: dict[str, str], message: str
) -> None:
    answer = browser(store.owner).post(reverse("points"), WRITTEN | fields)

    assert answer.status_code == 422
    assert message in answer.content.decode()
    assert not PointsScheme.objects.exists()


def test_the_page_tells_what_is_out_who_has_most_and_what_happened(here: PointsShop, store: Store) -> None:
    here.earned(1_234_500, "E-1")
    here.redeemed(300, "A-1")
    client = browser(store.owner)

    page = seen(client)

    assert "12,045" in page and "120.45" in page
    assert reverse("customer", args=[ANNA]) in page
    assert "消费得分" in page and "E-1" in page
    found = seen(client, "?q=A-1")
    assert "A-1" in found and "E-1" not in found
    sheet = client.get(reverse("points") + "?export=xlsx")
    rows = list(load_workbook(io.BytesIO(sheet.content)).active.values)
    assert [row[1] for row in rows[-2:]] == ["抵用", "消费得分"]


def test_a_present_is_given_with_its_reason(here: PointsShop, store: Store) -> None:
    client = browser(store.owner)
    given = {"person": str(ANNA), "points": "66", "why": "发货晚了"}

    assert client.post(reverse("points_give"), given | {"person": "999"}).status_code == 422
    assert client.post(reverse("points_give"), given | {"why": ""}).status_code == 422
    assert not PointsLot.objects.exists()

    assert client.post(reverse("points_give"), given)["Location"] == reverse("points")
    assert PointsLot.objects.get().points == 66
    assert AuditEvent.objects.filter(act="points.give").count() == 1
    assert "发货晚了" in seen(client)


def test_earning_is_stopped_and_goes_on(here: PointsShop, store: Store) -> None:
    client = browser(store.owner)

    client.post(reverse("points_earning"), {"earning": "0"})
    assert not PointsScheme.objects.get().is_earning and "停发" in seen(client)
    client.post(reverse("points_earning"), {"earning": "1"})
    assert PointsScheme.objects.get().is_earning


def test_who_may_only_look_sees_the_rule_and_changes_nothing(here: PointsShop, store: Store) -> None:
    analyst, _ = add_user("fenxi", shops=[store.shop], role=Role.ANALYST, now=NOW, full_name="沈言")
    client = browser(analyst)

    page = seen(client)

    assert "一单最多抵" in page and "points-rule" not in page and "points-give" not in page
    assert client.post(reverse("points"), WRITTEN).status_code == 403
    assert client.post(reverse("points_earning"), {"earning": "0"}).status_code == 403
    assert client.post(reverse("points_give"), {}).status_code == 403
    assert PointsScheme.objects.get().is_earning


def test_what_came_by_the_interface_tells_the_tokens_name_and_not_its_key(
    here: PointsShop, store: Store
) -> None:
    client = browser(store.owner)
    client.post(reverse("points"), WRITTEN)
    token, _once = make_token(store.shop, name="收银台", scopes=["points"], days=30, by=store.owner, now=NOW)
    client.post(reverse("points_give"), {"person": str(ANNA), "points": "5", "why": "生日"})
    assert PointsEvent.objects.update(by=f"api:{token.prefix}") == 1

    page = seen(client)
    assert "接口 收银台" in page and token.prefix not in page
    token.delete()
    assert f"接口 {token.prefix}" in seen(client)
