"""Commands of fake orders: score a shop's orders, and hold the scores against what a demo shop has planted."""

from __future__ import annotations

import time
from typing import Annotated, Any

import typer

from laoke.config.console import emit, ready, refuse, the_shop

ShopName = Annotated[str | None, typer.Option("--shop", help="店名；只有一家店时可省")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    fakes = typer.Typer(help="疑似刷单", no_args_is_help=True)
    fakes.command("score")(score)
    fakes.command("truth")(truth)
    app.add_typer(fakes, name="fake-orders")


def score(shop: ShopName = None) -> None:
    """给全部订单重新打分，再算一遍客户。人已经确认或排除的不动。"""
    ready()
    from django.conf import settings

    from laoke.config.refreshing import flag_orders
    from laoke.insights.fake_orders.flags import rules_of, standing
    from laoke.insights.refresh import refresh_features
    from laoke.shops.clock import clock_from_env

    chosen = the_shop(shop)
    now = clock_from_env(chosen.timezone).now()
    begun = time.process_time()
    scan = flag_orders(chosen, settings.PLACE, now=now, everything=True)
    if scan.days is None:
        refuse("no_facts", "还没有订单")
    spent = time.process_time() - begun
    refresh_features(chosen, settings.PLACE, now=now)
    stands = standing(chosen)
    result: dict[str, Any] = {
        "shop": chosen.name, "threshold": rules_of(chosen).threshold, "kept": scan.kept, "changed": scan.changed,
        "suspect": stands.suspect.orders, "suspect_paid_cents": stands.suspect.paid_cents,
        "confirmed": stands.confirmed.orders, "cleared": stands.cleared.orders, "cpu_seconds": round(spent, 2),
    }  # fmt: skip
    emit(
        result,
        f"{chosen.name}：疑似 {stands.suspect.orders} 单，已确认 {stands.confirmed.orders} 单，"
        f"已排除 {stands.cleared.orders} 单（门槛 {result['threshold']} 分）",
    )


def truth(shop: ShopName = None) -> None:
    """示例店里埋了刷单，看打分找出多少、冤枉多少。只用来核对，打分从不看它。"""
    ready()
    from laoke.config.demo import planted_fakes
    from laoke.insights.fake_orders.flags import rules_of
    from laoke.insights.fake_orders.proving import held_against
    from laoke.shops.clock import clock_from_env

    chosen = the_shop(shop)
    if not chosen.is_demo:
        refuse("not_demo", "只有示例店埋了刷单；真店里没有人知道答案")
    planted = planted_fakes(chosen, clock_from_env(chosen.timezone).now())
    threshold = rules_of(chosen).threshold
    found = held_against(chosen, planted, threshold)
    result = {
        "shop": chosen.name, "seed": chosen.settings["demo"]["seed"], "threshold": threshold,
        "planted": len(planted), **found,
    }  # fmt: skip
    emit(
        result,
        f"埋了 {len(planted)} 单，标出 {found['flagged']} 单，其中 {found['right']} 单是对的："
        f"准确率 {found['precision']:.4f}，召回率 {found['recall']:.4f}",
    )
