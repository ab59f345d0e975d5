"""The loopback gateways of trials and the demo shop: same protocol as the real one, nothing leaves this machine."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings

from laoke.config.console import refuse, say
from laoke.config.ending import on_ending
from laoke.dispatch.gateways import LOOPBACK_KEY, LOOPBACK_SECRET
from laoke.shops.clock import live_now


def run_gateway(*, host: str, port: int, callback: str, lag: float, seed: int) -> None:
    """Serve until interrupted. A `callback` without a path means Laoke's own address there, with its secret part."""
    from laoke.dispatch.channels.aliyun.loopback import run_loopback
    from laoke.dispatch.channels.aliyun.loopback_state import LoopbackConfig
    from laoke.web.pages.hooks.tokens import hook_path

    if urlsplit(callback).path in ("", "/"):
        callback = callback.rstrip("/") + hook_path("aliyun")

    def stop() -> None:
        raise KeyboardInterrupt

    on_ending(stop)
    config = LoopbackConfig(
        seed=seed, query_lag_s=lag, reply_share=0.01, reply_delay_s=20.0, opt_out_share=0.6
    )
    run_loopback(
        host,
        port,
        settings.PLACE.home,
        LOOPBACK_KEY,
        LOOPBACK_SECRET,
        callback_url=callback,
        config=config,
        clock=live_now,
        ready=lambda gateway: say(f"演练网关：{gateway.endpoint}"),
    )


TRIAL_TRADES, DAYS_BEFORE, DAYS_AFTER = 3_000, 120, 30


def run_top(*, port: int, seed: int, faults: str = "") -> None:
    """Serve the platform of a made-up shop until interrupted; what to connect with is said."""
    from laoke.intake.top.line import service_of
    from laoke.intake.top.loopback import (
        APP_KEY,
        SECRET,
        SESSION,
        LoopbackTop,
        standing_faults,
    )
    from laoke.intake.top.loopback_shop import make_shop
    from laoke.intake.top.trials import announced

    def stop() -> None:
        raise KeyboardInterrupt

    on_ending(stop)
    # From a whole day, so that a second start of the same day tells the same shop.
    today = live_now().replace(hour=0, minute=0, second=0, microsecond=0)
    shop = make_shop(
        seed,
        trades=TRIAL_TRADES,
        start=today - timedelta(days=DAYS_BEFORE),
        end=today + timedelta(days=DAYS_AFTER),
    )
    try:
        standing, skew = standing_faults(faults)
    except ValueError as unknown:
        refuse("faults", f"没有这样的故障 {unknown}")
    platform = LoopbackTop(shop, live_now, port, faults=standing, skew=skew)
    try:
        with announced(settings.PLACE.home, platform.bound_port):
            say(f"演练平台：{platform.gateway}")
            say(f"消息服务：{service_of(platform.gateway)}")
            if standing or skew:
                names = [fault.mode for fault in standing] + (["skew"] if skew else [])
                say(f"会出的故障：{'、'.join(names)}")
            say(f"App Key {APP_KEY}  App Secret {SECRET}  session {SESSION}")
            platform.serve()
    except KeyboardInterrupt:
        return
    finally:
        platform.close()
