"""The loopback gateway of trials and the demo shop: same protocol as the real one, nothing leaves this machine."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from laoke.config.console import say
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
