"""What the frame around every page knows: shop, rail, freshness of the data, theme, time, and who is there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.conf import settings
from django.db.models import Max
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import get_language, gettext

from laoke.dispatch.models import Gateway
from laoke.intake.models import ImportRun, ImportState
from laoke.intake.reading.roles import ORDER_GRAINS
from laoke.shops.clock import clock_from_env
from laoke.shops.models import Role, Shop, User
from laoke.web import figures, nav
from laoke.web.demo_clock import end_of

THEMES = ("light", "dark")
DEMO_ROLES = (Role.OWNER, Role.OPERATOR)
THEME_COOKIE = "laoke_theme"


@dataclass(frozen=True)
class TabbarItem:
    """One of the five places at the foot of a phone."""

    label: str
    url: str
    icon: str
    current: bool


class Shell:
    """The frame of one request. Each part is read when the template asks for it: fragments pay for none of it."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @cached_property
    def now(self) -> datetime:
        """The shop's local time; `{{ x|when:shell.now }}` reads it."""
        clock = getattr(self.request, "clock", None) or clock_from_env()
        return clock.now()

    @cached_property
    def shop(self) -> Shop | None:
        return getattr(self.request, "shop", None)

    @cached_property
    def demo_clock_url(self) -> str:
        """Where the demo shop's clock is turned; empty where it cannot be and for those who may not."""
        if (
            self.shop is None
            or getattr(self.request, "role", "") not in DEMO_ROLES
            or end_of(self.shop) is None
        ):
            return ""
        try:
            return reverse("demo_clock")
        except NoReverseMatch:
            return ""

    @cached_property
    def user(self) -> User | None:
        user = getattr(self.request, "user", None)
        return user if user is not None and user.is_authenticated else None

    @property
    def whose(self) -> str:
        """Names the person and the shop, so that a browser shared by several keeps what each typed and saw apart."""
        return f"{self.user.pk}.{self.shop.pk if self.shop else 0}" if self.user else ""

    @property
    def user_name(self) -> str:
        return (self.user.get_full_name() or self.user.username) if self.user else ""

    @property
    def initial(self) -> str:
        return self.user_name[:1].upper()

    @property
    def role_name(self) -> str:
        role = getattr(self.request, "role", "")
        return str(Role(role).label) if role else ""

    @property
    def theme(self) -> str:
        """`light` or `dark`: the cookie, in which the browser has written what it shows now."""
        stored = self.user.theme if self.user else ""
        cookie = self.request.COOKIES.get(THEME_COOKIE, stored).rsplit(":", 1)[-1]
        return cookie if cookie in THEMES else "light"

    @property
    def theme_choice(self) -> str:
        """`light`, `dark` or `system`, as the person chose it."""
        stored = self.user.theme if self.user else ""
        chosen = self.request.COOKIES.get(THEME_COOKIE, stored).split(":", 1)[0]
        return chosen if chosen in (*THEMES, "system") else "system"

    @property
    def language(self) -> str:
        return "zh-CN" if (get_language() or "zh").startswith("zh") else "en"

    @cached_property
    def links(self) -> list[nav.NavLink]:
        return nav.links(self.request)

    @cached_property
    def top(self) -> list[nav.NavLink]:
        return [link for link in self.links if link.entry.stage == nav.OVERVIEW]

    @cached_property
    def stages(self) -> list[nav.NavStage]:
        return nav.stages(self.links)

    @cached_property
    def rest(self) -> list[nav.NavLink]:
        return [link for link in self.links if link.entry.stage == nav.REST]

    @cached_property
    def commands(self) -> list[tuple[nav.NavCommand, str]]:
        return nav.commands(self.request)

    @cached_property
    def tabbar(self) -> list[TabbarItem]:
        """总览 认客 策划 触达, each only when it leads somewhere; 更多 is the template's own."""
        wanted = [
            (nav.OVERVIEW, gettext("总览"), "home"),
            (nav.KNOW, gettext("认客"), "people"),
            (nav.PLAN, gettext("策划"), "plan"),
            (nav.REACH, gettext("触达"), "send"),
        ]
        items = []
        for stage, label, icon in wanted:
            links = [link for link in self.links if link.entry.stage == stage]
            if links:
                current = any(link.current for link in links)
                items.append(TabbarItem(label, links[0].url, icon, current))
        return items

    @cached_property
    def data_until(self) -> datetime | None:
        """Until when the imports of this shop tell of its orders; None before the first."""
        if self.shop is None:
            return None
        done = ImportRun.objects.filter(shop=self.shop, state=ImportState.DONE, grain__in=ORDER_GRAINS)
        newest: datetime | None = done.aggregate(newest=Max("seen_at"))["newest"]
        return newest

    @property
    def freshness(self) -> str:
        if self.data_until is None:
            return gettext("还没有数据")
        return gettext("数据到 %(when)s") % {"when": figures.when(self.data_until, self.now)}

    @property
    def freshness_state(self) -> str:
        """ok, or warn when nothing is known of the last two days."""
        if self.data_until is None:
            return ""
        return "ok" if (self.now - self.data_until).days < 2 else "warn"

    @cached_property
    def drill(self) -> bool:
        """True when messages only go to a loopback: every page of a real shop then says 演练."""
        return bool(self.shop and not self.shop.is_demo and drill_of(self.shop))

    @property
    def session_seconds(self) -> int:
        """How long an idle session lives; `app.js` warns before it ends."""
        return int(settings.SESSION_COOKIE_AGE) if self.user else 0

    @property
    def words(self) -> dict[str, str]:
        """What `app.js` says."""
        return {
            "undo": gettext("撤回"),
            "undone": gettext("已撤回"),
            "close": gettext("知道了"),
            "copied": gettext("已复制，可粘进 Excel"),
            "busy": gettext("正在做"),
            "offline": gettext("连不上老客，你填的还在。过一会儿再试"),
            "denied": gettext("你的角色不能做这件事"),
            "signed_out": gettext("登录已过期，你填的会留着。重新登录后接着做"),
            "broken": gettext("没做成，你填的还在。再试一次"),
            "session": gettext("再过 2 分钟要重新登录，你填的会留着"),
            "stay": gettext("继续用"),
            "restored": gettext("上次没存的内容已放回"),
            "discard": gettext("丢掉"),
            "nothing": gettext("没有找到"),
            "recent": gettext("最近"),
            "keys_on": gettext("单键快捷键已打开"),
            "keys_off": gettext("单键快捷键已关上"),
        }

    def address(self, name: str) -> str:
        try:
            return reverse(name)
        except NoReverseMatch:
            return ""

    @property
    def palette_url(self) -> str:
        return self.address("palette")

    @property
    def alerts_url(self) -> str:
        return self.address("alerts")

    @property
    def help_url(self) -> str:
        return self.address("help")

    @property
    def logout_url(self) -> str:
        return self.address("logout")

    @property
    def profile_url(self) -> str:
        return self.address("profile")

    @property
    def shops_url(self) -> str:
        return self.address("shop_switch")

    @property
    def ping_url(self) -> str:
        return self.address("session_ping")


def drill_of(shop: Shop) -> bool:
    """True when the shop has gateways and none of them reaches anybody outside this machine."""
    reaches = list(Gateway.objects.filter(shop=shop).values_list("is_loopback", flat=True))
    return bool(reaches) and all(reaches)


def shell(request: HttpRequest) -> dict[str, Shell]:
    """Context processor: `shell` in every template."""
    return {"shell": Shell(request)}
