"""The frame around every page: headers, rail by role, freshness, theme, and the sign of a drill."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import RequestFactory, override_settings
from django.urls import path

from laoke.dispatch.models import Gateway
from laoke.intake.models import ImportRun, ImportState
from laoke.shops.clock import Clock
from laoke.shops.models import Owner, Role, Shop, User
from laoke.web import nav
from laoke.web.context import Shell
from laoke.web.middleware import SecurityHeaders

NOW = datetime(2026, 11, 9, 9, 40)


def _page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("")


urlpatterns = [
    path("", _page, name="overview"),
    path("customers/", _page, name="customers"),
    path("customers/<int:pk>/", _page, name="customer"),
    path("segments/", _page, name="segments"),
    path("segments/new/", _page, name="segment_new"),
    path("inbox/", _page, name="inbox"),
    path("demo/clock/", _page, name="demo_clock"),
]


def _request(address: str = "/", role: str = "", **cookies: str) -> HttpRequest:
    from django.urls import resolve

    request = RequestFactory().get(address)
    request.role = role  # type: ignore[attr-defined]
    request.clock = Clock(start=NOW, frozen=True)  # type: ignore[attr-defined]
    request.COOKIES.update(cookies)
    request.resolver_match = resolve(address)
    return request


@pytest.fixture(autouse=True)
def _urls() -> Any:
    with override_settings(ROOT_URLCONF=__name__):
        yield


@pytest.fixture
def shop(db: None) -> Shop:
    owner = Owner.objects.create(name="半亩棉")
    return Shop.objects.create(owner=owner, name="半亩棉旗舰店", category="家纺", created_at=NOW)


def _labels(links: list[nav.NavLink]) -> list[str]:
    return [str(link.entry.label) for link in links]


def test_the_rail_shows_only_what_exists_and_may_be_opened() -> None:
    assert _labels(nav.links(_request(role=Role.OWNER))) == ["店铺总览", "客户", "人群", "收件箱"]
    assert _labels(nav.links(_request(role=Role.SERVICE))) == ["店铺总览", "客户", "收件箱"]
    assert _labels(nav.links(_request(role=Role.WAREHOUSE))) == ["店铺总览"]
    assert nav.links(_request()) == []


def test_a_page_below_an_entry_marks_the_entry() -> None:
    links = nav.links(_request("/customers/7/", Role.OWNER))
    assert _labels([link for link in links if link.current]) == ["客户"]
    assert _labels([link for link in nav.links(_request("/segments/new/", Role.OWNER)) if link.current]) == [
        "人群"
    ]


def test_stages_without_links_are_left_out() -> None:
    links = nav.links(_request(role=Role.OWNER))
    assert [str(stage.name) for stage in nav.stages(links)] == ["认客", "触达"]
    assert [command.key for command, _ in nav.commands(_request(role=Role.OWNER))] == ["s"]


def test_an_unknown_stage_is_refused() -> None:
    with pytest.raises(ValueError, match="no stage 'attic'"):
        nav.register(nav.NavEntry("attic", "阁楼", "attic"))


def test_keys_of_the_rail_are_unique() -> None:
    letters = [entry.go for entry in nav._ENTRIES.values() if entry.go]
    assert sorted(letters) == sorted(set(letters))


@pytest.mark.parametrize(
    ("cookie", "theme", "choice"),
    [
        ("", "light", "system"),
        ("dark", "dark", "dark"),
        ("system:dark", "dark", "system"),
        ("<b>", "light", "system"),
    ],
)
def test_the_theme_is_painted_by_the_server(cookie: str, theme: str, choice: str) -> None:
    shell = Shell(_request(laoke_theme=cookie))
    assert (shell.theme, shell.theme_choice) == (theme, choice)


def test_data_that_never_came_or_is_old_says_so(shop: Shop) -> None:
    assert _shell(shop).freshness == "还没有数据"
    _imported(shop, "2026-11-01 08:00:00")
    old = _shell(shop)
    assert (old.freshness, old.freshness_state) == ("数据到 11月1日 08:00", "warn")
    _imported(shop, "2026-11-09 09:36:10")
    _imported(shop, "2018-12-31 15:21:11")
    fresh = _shell(shop)
    assert (fresh.freshness, fresh.freshness_state) == ("数据到 今天 09:36", "ok")


def test_the_data_of_another_shop_a_refused_file_and_a_report_without_orders_are_no_news(shop: Shop) -> None:
    other = Shop.objects.create(owner=shop.owner, name="另一家", platform="tmall", created_at=NOW)
    _imported(other, "2026-11-09 09:36:00")
    _imported(shop, "2026-11-09 09:30:00", state=ImportState.REFUSED)
    _imported(shop, "2026-11-09 09:30:00", grain="ad_day")

    assert _shell(shop).freshness == "还没有数据"


def _shell(shop: Shop) -> Shell:
    request = _request()
    request.shop = shop  # type: ignore[attr-defined]
    return Shell(request)


def _imported(shop: Shop, seen_at: str, state: str = ImportState.DONE, grain: str = "order") -> None:
    ImportRun.objects.create(
        shop=shop, file_name="订单.csv", file_sha256="", file_size=1, state=state, created_at=NOW, grain=grain,
        seen_at=datetime.fromisoformat(seen_at),
    )  # fmt: skip


def _gateway(shop: Shop, name: str, loopback: bool) -> None:
    Gateway.objects.create(
        shop=shop,
        name=name,
        channel="sms",
        provider="x",
        is_loopback=loopback,
        opens_at=time(8),
        closes_at=time(20),
        created_at=NOW,
    )


def test_a_real_shop_on_loopbacks_is_a_drill(shop: Shop) -> None:
    request = _request()
    request.shop = shop  # type: ignore[attr-defined]
    assert Shell(request).drill is False
    _gateway(shop, "练习", True)
    assert Shell(request).drill is True
    _gateway(shop, "阿里云", False)
    assert Shell(request).drill is False


def test_every_answer_keeps_the_browser_on_our_side() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("x", headers={"Referrer-Policy": "no-referrer"})

    headers = SecurityHeaders(view)(_request()).headers
    policy = headers["Content-Security-Policy"]
    for part in (
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'self'",
        "base-uri 'none'",
    ):
        assert part in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_frame_renders_for_a_person(shop: Shop) -> None:
    request = _request("/customers/", Role.OWNER)
    request.shop = shop  # type: ignore[attr-defined]
    request.user = User(username="linxia", first_name="夏", last_name="林")
    html = render_to_string("web/base.html", {"shell": Shell(request), "csrf_token": "t0"}, request)
    assert "半亩棉旗舰店" in html
    assert 'href="/customers/" aria-current="page" data-go="k"' in html
    assert '<meta name="csrf-token" content="t0">' in html
    assert 'id="words"' in html
    assert "演练" not in html
    assert "今日" not in html


def test_the_plain_frame_has_no_rail(db: None) -> None:
    html = render_to_string("web/base_plain.html", {"shell": Shell(_request())})
    assert 'class="rail"' not in html
    assert 'id="main"' in html


def test_the_demo_clock_is_offered_only_where_it_can_be_turned(shop: Shop, monkeypatch: Any) -> None:
    def url(role: str = Role.OPERATOR) -> str:
        request = _request(role=role)
        request.shop = shop  # type: ignore[attr-defined]
        return Shell(request).demo_clock_url

    shop.settings = {"demo": {"end": "2026-12-31T10:00:00"}}
    assert url() == ""
    shop.is_demo = True
    shop.save()
    assert url() == "/demo/clock/"
    assert url(Role.SERVICE) == ""
    with monkeypatch.context() as patch:
        patch.setenv("LAOKE_NOW", "2026-11-09 10:00")
        assert url() == ""
    Shop.objects.create(owner=shop.owner, name="真店", created_at=NOW)
    assert url() == ""
