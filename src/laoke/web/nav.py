"""The map of the product: five stages of the loop, what stands in each, who sees it, and the keys that go there.

The design's entries are listed here; an entry shows only when its URL exists and the role may open it, so the rail
never leads nowhere. A page adds or replaces an entry with `register`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from laoke.shops.models import Role
from laoke.web.components.base import Words

# The order on the rail: the overview, the loop, and the rest.
OVERVIEW, KNOW, PLAN, PRICE, REACH, REVIEW, REST = (
    "overview",
    "know",
    "plan",
    "price",
    "reach",
    "review",
    "rest",
)

STAGES: dict[str, tuple[Words, Words]] = {
    KNOW: (_("认客"), _("认")),
    PLAN: (_("策划"), _("策")),
    PRICE: (_("算价"), _("算")),
    REACH: (_("触达"), _("触")),
    REVIEW: (_("复盘"), _("复")),
}

ALL = frozenset(Role.values)
SELLING = frozenset({Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AUDITOR})
TALKING = SELLING | {Role.SERVICE}
MAKING = frozenset({Role.OWNER, Role.OPERATOR})


@dataclass(frozen=True)
class NavEntry:
    """One place on the rail.

    stage     OVERVIEW, KNOW, PLAN, PRICE, REACH, REVIEW or REST
    url_name  the name of a URL without arguments
    order     place within the stage
    go        the letter after `g` that goes there
    section   prefix of URL names that belong to it (`customer` for customer, customer_orders); the url name itself
              and what begins with it always belong
    initial   one character for the narrow rail (REST only)
    count     what waits there; `hot` when it waits for oneself
    """

    stage: str
    label: Words
    url_name: str
    order: int = 50
    roles: frozenset[str] = ALL
    icon: str = ""
    go: str = ""
    section: str = ""
    initial: Words = ""
    count: Callable[[HttpRequest], int] | None = None
    hot: bool = False


@dataclass(frozen=True)
class NavCommand:
    """Something new to make: `n` and a letter, and a line in the palette."""

    label: Words
    url_name: str
    key: str = ""
    icon: str = "plus"
    roles: frozenset[str] = ALL


@dataclass(frozen=True)
class NavLink:
    """An entry as the rail shows it to this request."""

    entry: NavEntry
    url: str
    current: bool
    waiting: int = 0


@dataclass(frozen=True)
class NavStage:
    """A stage with the links this request may see."""

    name: Words
    initial: Words
    links: list[NavLink] = field(default_factory=list)


_ENTRIES: dict[str, NavEntry] = {}
_COMMANDS: dict[str, NavCommand] = {}


def register(entry: NavEntry) -> None:
    """Add an entry, or replace the one of the same URL name."""
    if entry.stage not in {OVERVIEW, REST, *STAGES}:
        raise ValueError(f"no stage {entry.stage!r}; there are {OVERVIEW}, {', '.join(STAGES)}, {REST}")
    _ENTRIES[entry.url_name] = entry


def register_command(command: NavCommand) -> None:
    """Add something that `n` and the palette offer."""
    _COMMANDS[command.url_name] = command


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _role(request: HttpRequest) -> str:
    return str(getattr(request, "role", ""))


def _is_current(request: HttpRequest, entry: NavEntry) -> bool:
    """The entry of the page itself, or the one whose section the page's URL name begins with."""
    match = request.resolver_match
    here = (match.url_name if match else "") or ""
    singular = entry.section or entry.url_name.removesuffix("s")
    return (
        here == entry.url_name or here == singular or here.startswith((f"{entry.url_name}_", f"{singular}_"))
    )


def links(request: HttpRequest) -> list[NavLink]:
    """Every entry this request may open, in the order of the rail."""
    role, seen = _role(request), []
    stages = [OVERVIEW, *STAGES, REST]
    for entry in sorted(_ENTRIES.values(), key=lambda e: (stages.index(e.stage), e.order)):
        url = _address(entry.url_name)
        if url and role in entry.roles:
            waiting = entry.count(request) if entry.count else 0
            seen.append(NavLink(entry, url, _is_current(request, entry), waiting))
    return seen


def commands(request: HttpRequest) -> list[tuple[NavCommand, str]]:
    """What this request may make anew, with its address."""
    role = _role(request)
    found = [(command, _address(command.url_name)) for command in _COMMANDS.values() if role in command.roles]
    return [(command, url) for command, url in found if url]


def stages(seen: Iterable[NavLink]) -> list[NavStage]:
    """The links of the loop by stage; a stage without links is left out."""
    by_stage: dict[str, list[NavLink]] = {name: [] for name in STAGES}
    for link in seen:
        if link.entry.stage in by_stage:
            by_stage[link.entry.stage].append(link)
    return [NavStage(*STAGES[name], links) for name, links in by_stage.items() if links]


for _entry in (
    NavEntry(OVERVIEW, _("店铺总览"), "overview", 10, icon="home", go="z"),
    NavEntry(OVERVIEW, _("今日"), "today", 20, icon="check", go="d"),
    NavEntry(KNOW, _("客户"), "customers", 10, TALKING, go="k"),
    NavEntry(KNOW, _("订单"), "order", 15, TALKING),
    NavEntry(KNOW, pgettext_lazy("place", "人群"), "segments", 20, SELLING, go="r"),
    NavEntry(KNOW, _("客户分析"), "analysis", 30, SELLING),
    NavEntry(KNOW, _("客户价值"), "value", 35, SELLING),
    NavEntry(KNOW, _("疑似刷单"), "fake_orders", 40, SELLING),
    NavEntry(PLAN, _("活动"), "campaigns", 10, go="h"),
    NavEntry(PLAN, _("日历"), "calendar", 20, go="l"),
    NavEntry(PLAN, _("任务"), "tasks", 30, go="t"),
    NavEntry(PRICE, _("优惠与券"), "offers", 10, SELLING, go="y"),
    NavEntry(PRICE, _("价格表"), "prices", 20, SELLING),
    NavEntry(PRICE, _("回放"), "backtests", 30, SELLING, go="b"),
    NavEntry(PRICE, _("券预算"), "budgets", 40, SELLING),
    NavEntry(PRICE, _("积分"), "points", 50, SELLING, section="points"),
    NavEntry(PRICE, _("抽奖"), "lotteries", 60, SELLING, section="lottery"),
    NavEntry(PRICE, _("老带新"), "referrals", 70, SELLING, section="referral"),
    NavEntry(REACH, _("轮次"), "rounds", 10, SELLING, go="c"),
    NavEntry(REACH, _("消息模板"), "templates", 20, SELLING, go="m"),
    NavEntry(REACH, _("关怀流程"), "flows", 30, SELLING),
    NavEntry(REACH, _("收件箱"), "inbox", 40, TALKING, go="i"),
    NavEntry(REVIEW, _("活动复盘"), "reviews", 10, SELLING, go="f"),
    NavEntry(REVIEW, _("对照实验"), "experiments", 20, SELLING),
    NavEntry(REST, _("商品"), "products", 10, icon="bag", initial=_("商"), go="p"),
    NavEntry(REST, _("社群"), "groups", 20, TALKING, icon="wx", initial=_("社")),
    NavEntry(REST, _("服务"), "service", 30, TALKING, icon="star", initial=_("服")),
    NavEntry(REST, _("数据导入"), "imports", 40, SELLING, icon="db", initial=_("数"), go="j"),
    NavEntry(REST, _("设置"), "settings", 50, icon="sliders", initial=_("设")),
):
    register(_entry)

for _command in (
    NavCommand(_("新建人群"), "segment_new", "s", roles=SELLING),
    NavCommand(_("导入订单"), "import_new", "i", "upload", MAKING),
    NavCommand(_("新建活动"), "campaign_new", "h", roles=MAKING),
):
    register_command(_command)
