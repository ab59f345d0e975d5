"""Composing the demo shop: generated facts, an owner who can sign in, consent, segments, a loopback gateway.

The demo shop is planned for some weeks beyond its present, and has a clock that people turn forward: then the orders
that follow appear. People who were written to buy a little more often; how much is a constant here and printed, so that
the review can be held against what was planted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings

from laoke.config.console import progress, say
from laoke.config.mirroring import mirror_shop
from laoke.config.refreshing import refresh_shop
from laoke.customers import consent, links
from laoke.customers.models import Channel
from laoke.experiments.assignment import mix, salt_of
from laoke.shops.clock import clock_from_env, set_demo_clock
from laoke.shops.models import Role, Shop, User
from laoke.shops.setup import add_shop, add_user

if TYPE_CHECKING:
    from laoke.intake.demo.shop import DemoPlan
    from laoke.intake.loading.demo import Response

WORDING = "我同意半亩棉旗舰店通过短信、邮件和平台消息向我发送优惠信息，可随时退订。"


# Of 10,000 people who got a marketing message, so many place one order more than they would have.
RESPONSE_PER_10000 = 300
FUTURE_DAYS = 45


class DemoRefused(Exception):
    """The demo shop cannot do that; `code` is `no_demo` or `not_forward`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def eve_of_double_11(today: date) -> datetime:
    """Ten in the morning of the last 31 October: the day before the first round of Double 11."""
    year = today.year if today >= date(today.year, 10, 31) else today.year - 1
    return datetime(year, 10, 31, 10, 0)


def make_demo_shop(
    *, customers: int, orders: int, seed: int = 11, on_its_clock: bool = False, start: datetime | None = None
) -> dict[str, Any]:
    """Generate and load the demo shop. Seeded: the same seed, sizes and day give the same shop.

    It stands as of now; with `on_its_clock` as of `start` (local time of the shop), else the eve of the last
    Double 11, with a clock of its own from there on.
    """
    from laoke.intake.demo import SHOP_NAME
    from laoke.intake.loading.demo import load_demo

    begun = time.perf_counter()
    now = clock_from_env().now()
    if on_its_clock:
        now = start or eve_of_double_11(now.date())
        set_demo_clock(settings.PLACE.home, now, time.time())
    # To the second, and not what the clock shows a moment later: the shop is drawn from this.
    now = now.replace(microsecond=0)
    shop = add_shop(SHOP_NAME, now=now, category="家纺", is_demo=True)
    end = now + timedelta(days=FUTURE_DAYS)
    shop.settings["demo"] = {"seed": seed, "customers": customers, "orders": orders, "end": end.isoformat()}
    shop.save(update_fields=["settings"])
    owner = first_owner(now)
    say(f"正在生成示例店 {SHOP_NAME}：{customers} 位客户，{orders} 单")
    with progress("示例店") as update:
        loaded = load_demo(shop, _plan_of(shop), settings.PLACE, now=now, progress=update)
    links.propose(shop, now=now)
    _give_consent(shop, loaded.consenting, owner, now)
    refresh_shop(shop, settings.PLACE, now=now)
    mirror_shop(shop, settings.PLACE, now)
    equip(shop, now)
    return {
        "shop": shop.name,
        "now": now.isoformat(sep=" "),
        "customers": customers,
        "orders": orders,
        "customers_so_far": loaded.customers,
        "orders_so_far": loaded.orders,
        "consenting": len(loaded.consenting),
        "seconds": round(time.perf_counter() - begun, 1),
        "parts": {name: round(spent, 2) for name, spent in loaded.seconds.items()},
    }


def demo_shop() -> Shop:
    """The demo shop; raises DemoRefused when there is none."""
    shop = Shop.objects.filter(is_demo=True).first()
    if shop is None:
        raise DemoRefused("no_demo")
    return shop


def turn_clock(to: datetime) -> datetime:
    """Turn the demo shop's clock forward; the time it showed before. Facts follow by `advance_demo`."""
    demo_shop()
    before = clock_from_env().now()
    if to <= before:
        raise DemoRefused("not_forward")
    set_demo_clock(settings.PLACE.home, to, time.time())
    return before


def advance_demo(
    now: datetime, update: Callable[[int, int], None] = lambda done, total: None
) -> dict[str, Any]:
    """Let what has happened up to `now` appear: new orders, new states, and the orders that messages brought."""
    from laoke.intake.loading.demo import load_demo

    shop = demo_shop()
    now = now.replace(microsecond=0)
    moved, reached = _responses(shop, now)
    loaded = load_demo(shop, _plan_of(shop), settings.PLACE, now=now, progress=update, responses=moved)
    refresh_shop(shop, settings.PLACE, now=now)
    return {
        "shop": shop.name,
        "now": now.isoformat(sep=" "),
        "orders_so_far": loaded.orders,
        "reached": reached,
        "planted_orders": len(moved),
        "planted_per_10000": RESPONSE_PER_10000,
    }


def planted_fakes(shop: Shop, now: datetime) -> set[str]:
    """The orders that the demo shop planted as fake up to `now`, from its seed. Scores never look here."""
    from laoke.intake.demo.tables import planted_fakes as told

    planned = _plan_of(shop).as_of(now.replace(microsecond=0))
    return set(told(planned.run(0, len(planned.placed)))["order_id"].to_pylist())


def _plan_of(shop: Shop) -> DemoPlan:
    from laoke.intake.demo import plan as plan_demo

    kept = shop.settings["demo"]
    return plan_demo(kept["seed"], kept["customers"], kept["orders"], datetime.fromisoformat(kept["end"]))


def _responses(shop: Shop, now: datetime) -> tuple[list[Response], int]:
    """Whom a round's message moved, by a draw that is the same each time, and how many were reached at all."""
    from laoke.dispatch.models import Message
    from laoke.dispatch.states import REACHED
    from laoke.intake.loading.demo import Response

    reached = list(
        Message.objects.filter(
            occasion__shop=shop,
            occasion__kind="round",
            occasion__is_marketing=True,
            state__in=REACHED,
            sent_at__lt=now,
        ).values_list("person_id", "customer_id", "occasion_id", "sent_at")
    )
    moved = [
        Response(customer or person, occasion, sent)
        for person, customer, occasion, sent in reached
        if sent is not None and mix(person, salt_of("demo moved", occasion)) % 10_000 < RESPONSE_PER_10000
    ]
    return moved, len(reached)


def equip(shop: Shop, now: datetime) -> None:
    """What every shop starts with: starter segments, and for the demo shop a gateway that sends nothing for real."""
    from laoke.audiences.segments import ensure_builtin
    from laoke.dispatch.gateways import make_loopback_gateway

    ensure_builtin(shop, now)
    if shop.is_demo and not shop.gateways.exists():
        make_loopback_gateway(shop, now=now)


def first_owner(now: datetime) -> User:
    """The owner account; when nobody can sign in yet it is made, and its one-time password printed once."""
    known = User.objects.filter(staff__role=Role.OWNER).order_by("pk").first()
    return known or _new_owner(now)[0]


def owner_password(now: datetime) -> str:
    """Like `first_owner`; the one-time password, empty when the account was there."""
    if User.objects.filter(staff__role=Role.OWNER).exists():
        return ""
    return _new_owner(now)[1]


def _new_owner(now: datetime) -> tuple[User, str]:
    user, password = add_user("owner", shops=list(Shop.objects.all()), role=Role.OWNER, now=now)
    say(f"店长账号 owner，一次性密码 {password}（登录后会让你换一个）")
    return user, password


def _give_consent(shop: Shop, people: list[int], owner: User, now: datetime) -> None:
    today = now.date()
    for channel in (Channel.SMS, Channel.EMAIL, Channel.HANDOVER):
        declared = consent.Declaration(
            channel=channel,
            role="seller",
            wording=WORDING,
            wording_version="2024-01",
            collected_from=date(today.year - 2, 1, 1),
            collected_to=today - timedelta(days=1),
            proof="示例店自动生成，不对应任何真人",
        )
        consent.declare(shop, declared, by=owner, now=now, only=people)
