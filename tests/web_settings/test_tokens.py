"""The page of API tokens: made once, shown once, revoked for good."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from laoke.shops.models import ApiToken, AuditEvent, Owner, Role, Shop
from laoke.shops.tokens import make_token, token_of
from tests.people import NOW, Demo, person

pytestmark = pytest.mark.django_db

FORM = {"name": "仓库 ERP", "days": "90", "scopes": ["facts:orders", "batches:read"]}


def test_a_token_is_shown_once_and_works(demo: Demo) -> None:
    client = demo.client()
    made = client.post(reverse("settings_tokens"), FORM)
    assert made.status_code == 200
    assert made["Cache-Control"].startswith("max-age=0")
    found = re.search(r'<span id="new-token">(.*?)</span>', made.content.decode())
    assert found is not None
    token = token_of(found[1], lambda zone: demo.now)
    assert token is not None
    assert (token.shop, token.name, token.scopes) == (demo.shop, "仓库 ERP", ["batches:read", "facts:orders"])
    assert (token.created_by, token.last_used_at) == (demo.owner, None)
    assert (token.expires_at - token.created_at).days == 90

    page = client.get(reverse("settings_tokens")).content.decode()
    assert found[1] not in page
    assert f"lk_{token.prefix}…" in page
    assert "发订单（明细、联系方式）" in page
    assert "还没用过" in page


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"days": "9999"}, {"scopes": []}, {"scopes": ["facts:orders", "everything"]}]
)
def test_a_token_without_name_end_or_known_scope_is_not_made(demo: Demo, wrong: dict[str, object]) -> None:
    answer = demo.client().post(reverse("settings_tokens"), {**FORM, **wrong})
    assert answer.status_code == 422
    assert not ApiToken.objects.exists()


def test_a_revoked_token_stays_in_the_list_and_opens_nothing(demo: Demo) -> None:
    token, text = make_token(demo.shop, name="ERP", scopes=["batches:read"], days=30, by=demo.owner, now=NOW)
    client = demo.client()
    page = client.get(reverse("settings_tokens")).content.decode()
    assert f'data-dialog-open="revoke-{token.pk}"' in page
    assert client.post(reverse("settings_token_revoke", args=[token.pk])).status_code == 302
    assert token_of(text, lambda zone: NOW) is None
    page = client.get(reverse("settings_tokens")).content.decode()
    assert "已停用" in page
    assert f'data-dialog-open="revoke-{token.pk}"' not in page
    assert AuditEvent.objects.filter(act="token.revoke", actor=demo.owner, subject="ERP").count() == 1


def test_the_list_says_which_tokens_end_soon_and_which_have_ended(demo: Demo) -> None:
    for name, before in (("旧的", 31), ("快到期的", 20), ("新的", 0)):
        at = NOW - timedelta(days=before)
        make_token(demo.shop, name=name, scopes=["batches:read"], days=30, by=demo.owner, now=at)
    page = demo.client().get(reverse("settings_tokens")).content.decode()
    assert page.index("新的") < page.index("旧的")
    assert "已过期" in page
    assert "还剩 10 天" in page


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ANALYST, Role.AUDITOR])
def test_others_see_tokens_and_change_none(demo: Demo, role: str) -> None:
    token, _ = make_token(demo.shop, name="ERP", scopes=["batches:read"], days=30, by=demo.owner, now=NOW)
    client = demo.client(person(demo, "jemand", role))
    page = client.get(reverse("settings_tokens"))
    assert page.status_code == 200
    assert "建令牌" not in page.content.decode()
    assert client.post(reverse("settings_tokens"), FORM).status_code == 403
    assert client.post(reverse("settings_token_revoke", args=[token.pk])).status_code == 403
    assert ApiToken.objects.get().revoked_at is None


def test_a_token_of_another_shop_is_not_there(demo: Demo) -> None:
    shop = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家的店", created_at=NOW)
    token, _ = make_token(shop, name="ERP", scopes=["batches:read"], days=30, by=None, now=NOW)
    client = demo.client()
    assert client.post(reverse("settings_token_revoke", args=[token.pk])).status_code == 404
    assert f"lk_{token.prefix}" not in client.get(reverse("settings_tokens")).content.decode()


def test_the_address_is_that_of_the_page_unless_another_one_is_set(demo: Demo, settings: Any) -> None:
    page = reverse("settings_tokens")
    opened = demo.client().get(page, HTTP_HOST="localhost:8130")
    assert "http://localhost:8130/api/v1/" in opened.content.decode()
    settings.PUBLIC_URL = "https://laoke.example/"
    assert "https://laoke.example/api/v1/" in demo.client().get(page).content.decode()
