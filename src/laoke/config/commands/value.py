"""The command of customer value: compute it now instead of waiting for the night."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from laoke.config.console import emit, ready, refuse, the_shop


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("value")(value)


def value(
    shop: Annotated[str | None, typer.Option("--shop", help="店名；只有一家店时可省")] = None,
) -> None:
    """重新算每位客户预计会买几次、花多少；说用的是哪个模型，用不上的为什么。"""
    ready()
    from django.conf import settings

    from laoke.insights.value import refresh_value
    from laoke.shops.clock import clock_from_env

    chosen = the_shop(shop)
    report = refresh_value(chosen, settings.PLACE, now=clock_from_env(chosen.timezone).now())
    if report is None:
        refuse("no_facts", "还没有订单")
    told: dict[str, Any] = report.report
    year = next((one for one in told.get("totals", []) if one["days"] == 365), None)
    result = {
        "shop": chosen.name, "model": report.model, "customers": told["customers"],
        "orders_365": year and round(year["orders"]), "cents_365": year and year["cents"],
        "refused": [one["code"] for one in told.get("refusals", [])],
    }  # fmt: skip
    expected = f"，365 天内预计 {round(year['orders']):,} 单、{year['cents'] / 100:,.2f} 元" if year else ""
    emit(result, f"{chosen.name}：{told['customers']:,} 位客户，{report.model or '没有模型用得上'}{expected}")
