"""Signing in, out, new passwords, another shop, language and theme."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from laoke.shops.models import AuditEvent, Owner, Role, Shop, Staff
from tests.people import NOW, PASSWORD, Demo, person

pytestmark = pytest.mark.django_db


def _try(client: Client, username: str, password: str, **more: str):  # type: ignore[no-untyped-def]
    return client.post(reverse("login"), {"username": username, "password": password, **more})


def test_the_page_names_the_only_shop(demo: Demo) -> None:
    page = Client().get(reverse("login")).content.decode()
    assert "半亩棉旗舰店 的工作台" in page
    assert 'autocomplete="current-password"' in page


def test_a_right_password_leads_where_one_wanted_to_go(demo: Demo) -> None:
    answer = _try(Client(), "boss", PASSWORD, next="/account/")
    assert (answer.status_code, answer.url) == (302, "/account/")
    assert answer.cookies["django_language"].value == "zh-hans"


def test_an_address_of_another_site_is_not_followed(demo: Demo) -> None:
    answer = _try(Client(), "boss", PASSWORD, next="https://evil.example/")
    assert answer.url == reverse("overview")


def test_a_wrong_password_and_an_unknown_account_read_the_same(demo: Demo) -> None:
    wrong = _try(Client(), "boss", "falsch-falsch")
    unknown = _try(Client(), "nobody", "falsch-falsch")
    assert wrong.status_code == unknown.status_code == 422
    assert "账号或密码不对。" in wrong.content.decode()
    strip = lambda text: text.replace("boss", "").replace("nobody", "")  # noqa: E731
    first, second = strip(wrong.content.decode()), strip(unknown.content.decode())
    assert (
        first[first.index("sign-in") :].split("csrf")[0] == second[second.index("sign-in") :].split("csrf")[0]
    )


@pytest.mark.parametrize("username", ["boss", "nobody"])
def test_eight_failures_lock_known_and_unknown_names_alike(demo: Demo, username: str) -> None:
    client = Client()
    texts = [_try(client, username, "falsch-falsch").content.decode() for _ in range(9)]
    assert "再错 4 次会锁 15 分钟" in texts[3]
    assert "再错 1 次会锁 15 分钟" in texts[6]
    assert "先锁 15 分钟" in texts[7]
    assert "先锁 15 分钟" in texts[8]
    assert "先锁 15 分钟" in _try(client, username, PASSWORD).content.decode()


def test_signing_out_ends_the_session(demo: Demo) -> None:
    client = demo.client()
    assert client.get(reverse("logout")).status_code == 405
    assert client.post(reverse("logout")).url == reverse("login")
    assert client.get(reverse("profile")).url == f"{reverse('login')}?next=/account/"


def test_a_fragment_without_a_session_says_so_instead_of_showing_a_form(demo: Demo) -> None:
    assert Client().get(reverse("profile"), headers={"HX-Request": "true"}).status_code == 401


def test_a_one_time_password_opens_nothing_but_its_own_replacement(demo: Demo) -> None:
    demo.owner.must_change_password = True
    demo.owner.save()
    client = Client()
    assert _try(client, "boss", PASSWORD).url == reverse("password")
    assert client.get(reverse("overview")).url == reverse("password")
    assert "一次性密码只能用这一次" in client.get(reverse("password")).content.decode()
    new = {"old": PASSWORD, "new": "ein-neues-wort-7", "again": "ein-neues-wort-7"}
    assert client.post(reverse("password"), new).url == reverse("overview")
    demo.owner.refresh_from_db()
    assert demo.owner.check_password("ein-neues-wort-7")
    assert not demo.owner.must_change_password
    assert AuditEvent.objects.filter(act="password.change", actor=demo.owner).count() == 1
    assert client.get(reverse("profile")).status_code == 200


@pytest.mark.parametrize(
    ("old", "new", "again", "says"),
    [
        ("falsch", "ein-neues-wort-7", "ein-neues-wort-7", "和现在的密码对不上"),
        (PASSWORD, "kurz", "kurz", "太短，至少 10 个字符"),
        (PASSWORD, "password123", "password123", "太常见"),
        (PASSWORD, PASSWORD, PASSWORD, "和现在的密码一样"),
        (PASSWORD, "ein-neues-wort-7", "ein-neues-wort-8", "两遍不一样"),
    ],
)
def test_a_bad_new_password_is_refused_with_its_reason(
    demo: Demo, old: str, new: str, again: str, says: str
) -> None:
    answer = demo.client().post(reverse("password"), {"old": old, "new": new, "again": again})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    demo.owner.refresh_from_db()
    assert demo.owner.check_password(PASSWORD)


def test_name_language_and_theme_are_kept(demo: Demo) -> None:
    client = demo.client()
    answer = client.post(reverse("profile"), {"name": "林夏夏", "language": "en", "theme": "dark"})
    assert answer.status_code == 302
    assert answer.cookies["django_language"].value == "en"
    assert answer.cookies["laoke_theme"].value == "dark"
    demo.owner.refresh_from_db()
    assert (demo.owner.first_name, demo.owner.language, demo.owner.theme) == ("林夏夏", "en", "dark")
    bad = client.post(reverse("profile"), {"name": "", "language": "xx", "theme": "dark"})
    assert bad.status_code == 422


def test_one_moves_to_a_shop_where_one_works_and_to_no_other(demo: Demo) -> None:
    second = Shop.objects.create(owner=demo.shop.owner, name="半亩棉二店", created_at=NOW)
    foreign = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家店", created_at=NOW)
    Staff.objects.create(user=demo.owner, shop=second, role=Role.OWNER)
    client = demo.client()
    assert "半亩棉二店" in client.get(reverse("profile")).content.decode()
    assert client.post(reverse("shop_switch"), {"shop": second.pk}).status_code == 302
    assert client.get(reverse("profile")).wsgi_request.shop == second
    assert client.post(reverse("shop_switch"), {"shop": foreign.pk}).status_code == 403
    assert client.post(reverse("shop_switch"), {"shop": "1 or 1"}).status_code == 403


def test_an_account_without_a_shop_is_told_whom_to_ask(demo: Demo) -> None:
    lonely = person(demo, "neu", Role.ANALYST)
    Staff.objects.filter(user=lonely).delete()
    answer = demo.client(lonely).get(reverse("overview"))
    assert answer.status_code == 403
    assert "还没有分到店铺" in answer.content.decode()


def test_errors_have_pages_without_a_traceback(demo: Demo) -> None:
    missing = demo.client().get("/no-such-page/")
    assert missing.status_code == 404
    assert "没有这一页" in missing.content.decode()


def test_the_page_of_an_error_in_us_needs_nothing_of_the_request() -> None:
    from django.test import RequestFactory
    from django.views.defaults import server_error

    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "之前存下的都在" in answer.content.decode()


def test_a_ping_keeps_the_session(demo: Demo) -> None:
    assert demo.client().post(reverse("session_ping")).status_code == 204


def _add_shop(client: Client, **given: str):  # type: ignore[no-untyped-def]
    return client.post(reverse("shop_add"), {"platform": "taobao", "category": "", **given})


def test_the_owner_adds_a_shop_and_stands_in_it(demo: Demo) -> None:
    client = demo.client()
    assert "添加店铺" in client.get(reverse("profile")).content.decode()

    answer = _add_shop(client, name=" 我的店 ")

    shop = Shop.objects.get(name="我的店")
    assert (answer.status_code, answer.url) == (302, reverse("imports"))
    assert (shop.owner, shop.platform, shop.is_demo) == (demo.shop.owner, "taobao", False)
    assert Staff.objects.filter(shop=shop, user=demo.owner, role=Role.OWNER).exists()
    assert AuditEvent.objects.get(act="shop.add", shop=shop).actor == demo.owner
    page = client.get(reverse("imports")).content.decode()
    assert "我的店 加好了，从导入订单开始" in page


@pytest.mark.parametrize(("name", "why"), [("", "填上店名"), ("半亩棉旗舰店", "已有叫这个名字的店")])
def test_a_shop_without_a_name_of_its_own_is_refused(demo: Demo, name: str, why: str) -> None:
    client = demo.client()

    answer = _add_shop(client, name=name)

    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert Shop.objects.filter(owner=demo.shop.owner).count() == 1


def test_only_the_owner_adds_a_shop(demo: Demo) -> None:
    client = demo.client(demo.operator)

    assert _add_shop(client, name="我的店").status_code == 403
    assert "添加店铺" not in client.get(reverse("profile")).content.decode()
    assert not Shop.objects.filter(name="我的店").exists()
