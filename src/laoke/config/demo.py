"""Composing the demo shop: generated facts, an owner who can sign in, consent, segments, a loopback gateway."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings

from laoke.config.console import progress, say
from laoke.customers import consent
from laoke.customers.models import Channel
from laoke.insights.refresh import refresh_features
from laoke.shops.clock import clock_from_env
from laoke.shops.models import Role, Shop, User
from laoke.shops.setup import add_shop, add_user

WORDING = "我同意半亩棉旗舰店通过短信、邮件和平台消息向我发送优惠信息，可随时退订。"


def make_demo_shop(*, customers: int, orders: int, seed: int = 11) -> dict[str, Any]:
    """Generate and load the demo shop as of now. Seeded: the same seed, sizes and day give the same shop."""
    from laoke.intake.demo import SHOP_NAME
    from laoke.intake.demo import plan as plan_demo
    from laoke.intake.loading.demo import load_demo

    begun = time.perf_counter()
    now = clock_from_env().now().replace(microsecond=0)
    shop = add_shop(SHOP_NAME, now=now, category="家纺", is_demo=True)
    owner = first_owner(now)
    say(f"正在生成示例店 {SHOP_NAME}：{customers} 位客户，{orders} 单")
    with progress("示例店") as update:
        loaded = load_demo(
            shop, plan_demo(seed, customers, orders, now), settings.PLACE, now=now, progress=update
        )
    _give_consent(shop, loaded.consenting, owner, now)
    refresh_features(shop, settings.PLACE, now=now)
    equip(shop, now)
    return {
        "shop": shop.name,
        "customers": loaded.customers,
        "orders": loaded.orders,
        "consenting": len(loaded.consenting),
        "seconds": round(time.perf_counter() - begun, 1),
        "parts": {name: round(spent, 2) for name, spent in loaded.seconds.items()},
    }


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
    if known is not None:
        return known
    user, password = add_user("owner", shops=list(Shop.objects.all()), role=Role.OWNER, now=now)
    say(f"店长账号 owner，一次性密码 {password}（登录后会让你换一个）")
    return user


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
