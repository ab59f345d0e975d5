"""An import with what follows it in the same breath, flags of fake orders and features: pages never show old ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from laoke.config.refreshing import refresh_shop
from laoke.customers import links
from laoke.insights.refresh import features_behind
from laoke.intake.loading.quarantine import reasons_of
from laoke.intake.loading.run import Options, Surroundings, begin, run_import
from laoke.intake.models import ImportRun
from laoke.intake.reading.roles import ORDER_GRAINS
from laoke.intake.sent.wording import reason_told
from laoke.money import format_cents
from laoke.shops.clock import clock_from_env
from laoke.shops.models import Shop, User


def import_file(
    shop: Shop,
    path: Path,
    options: Options,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    step: Callable[[str], None] = lambda name: None,
    by: User | None = None,
    run: ImportRun | None = None,
    now: Callable[[], datetime] | None = None,
) -> dict[str, Any]:
    """Take one file in and refresh what is derived from facts; the result as numbers.

    Raises
    ------
    IntakeRefused
        when the file as a whole cannot be read.
    """
    clock = now or clock_from_env(shop.timezone).now
    run = run or begin(shop, path, options, by=by, now=clock())
    around = Surroundings(place=settings.PLACE, now=clock, progress=progress, cancelled=cancelled, step=step)
    done = run_import(run, path, options, around)
    if done.detail["people"]["new"] or done.detail["people"]["contacts_changed"]:
        links.propose(shop, now=clock())
    if features_behind(shop):
        refresh_shop(shop, settings.PLACE, now=clock())
        step("features")
    return result_of(done)


def result_of(run: ImportRun) -> dict[str, Any]:
    """What an import did, as the command line and the API tell it."""
    counts, money, detail = run.counts, run.money, run.detail
    return {
        "import": run.pk,
        "file": run.file_name,
        "profile": run.profile,
        "grain": run.grain,
        "encoding": detail.get("encoding"),
        "rows_read": counts["read"],
        "accepted": counts["accepted"],
        "new": counts["new"],
        "changed": counts["changed"],
        "unchanged": counts["unchanged"],
        "quarantined": counts["quarantined"],
        "held_back": counts["held_back"],
        "ignored": counts["ignored"],
        "total_cents": money,
        "paid_cents": detail["paid_cents"],
        "refunded_cents": detail["refunded_cents"],
        "reasons": detail["reasons"],
        "put_aside": [
            {
                "reason": one.first.reason,
                "rows": one.rows,
                "line": one.first.line,
                "message": reason_told(one.first.reason, one.first.params),
            }
            for one in reasons_of(run)
        ],
        "money_unreadable": detail["money_unreadable"],
        "orders": detail["orders"],
        "waiting": detail.get("waiting", 0),
        "people": detail["people"],
        "orders_without_customer": detail["people"]["keyless"],
        "seen_at": run.seen_at.isoformat(sep=" ", timespec="seconds") if run.seen_at else None,
        "seconds": {name: round(spent, 3) for name, spent in detail["seconds"].items()},
        "catalog": run.catalog_ref,
    }


def summary_text(result: dict[str, Any]) -> str:
    """The result in a few lines for people."""
    money = result["total_cents"]
    lines = [
        f"{result['file']}：{result['rows_read']} 行，¥ {format_cents(money['read'])}（版式 {result['profile']}）",
    ]
    for name, label in (
        ("new", "新"),
        ("changed", "更新"),
        ("unchanged", "不变"),
        ("quarantined", "隔离"),
        ("held_back", "截止后未导"),
    ):
        if result[name]:
            lines.append(f"  {label} {result[name]} 行，¥ {format_cents(money[name])}")
        if name == "quarantined":
            lines += [f"    {_put_aside_text(one)}" for one in result["put_aside"]]
    if result["quarantined"]:
        lines.append("  隔离的行在网页的导入结果里下载，改好再导，不会重复")
    if result["grain"] not in ORDER_GRAINS:
        if result["orders"].get("changed"):
            lines.append(f"  随之更新的订单 {result['orders']['changed']}")
        if result["grain"] == "customer":
            lines.append(
                f"  新客户 {result['people']['new']}；文件里的“愿意收”不算同意，有凭证再到设置里登记"
            )
        if result["waiting"]:
            lines.append(f"  订单还没导入的 {result['waiting']} 行，订单来了就对上")
        return "\n".join(lines)
    people = result["people"]
    lines.append(f"  新客户 {people['new']}，没有客户标识的订单 {sum(people['keyless'].values())}")
    return "\n".join(lines)


def _put_aside_text(one: dict[str, Any]) -> str:
    more = f"（这样的共 {one['rows']} 行）" if one["rows"] > 1 else ""
    return f"第 {one['line']} 行：{one['message']}{more}"
