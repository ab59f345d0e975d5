"""What the documentation says of a backtest, held against what the product gives: the tables of two real shops."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.flows.commands import Laoke

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = (DOCS / "how-to" / "backtest.md", DOCS / "how-to" / "backtest.zh-CN.md")


def replayed(laoke: Laoke, offers: list[dict[str, Any]], since: str, until: str, now: str) -> dict[str, Any]:
    """A backtest of offers that are not stored; its facts beside its figures."""
    file = laoke.home.parent / "offers.json"
    file.write_text(json.dumps({"offers": offers}), encoding="utf-8")
    found = laoke("backtest", str(file), "--from", since, "--to", until, now=now)
    ledger = f"{(laoke.home / 'db.sqlite3').as_uri()}?mode=ro"
    with closing(sqlite3.connect(ledger, uri=True)) as rows:
        [(facts,)] = rows.execute(
            "SELECT facts FROM promotions_backtestdepth WHERE backtest_id = ?", (found["backtest"],)
        )
    return {**found, "facts": json.loads(facts)}


def ladder(threshold: int, off: int) -> dict[str, Any]:
    return {
        "offer_id": "ladder", "name": "满减", "layer": "shop", "mechanic": "threshold_discount",
        "terms": {"steps": [{"threshold_cents": threshold * 100, "off_cents": off * 100}]},
    }  # fmt: skip


def coupon(threshold: int, face: int) -> dict[str, Any]:
    return {
        "offer_id": "coupon", "name": "券", "layer": "coupon", "mechanic": "shop_coupon",
        "terms": {"threshold_cents": threshold * 100, "face_cents": face * 100},
    }  # fmt: skip


def figures_of(found: dict[str, Any]) -> list[list[str]]:
    """The figures that each row of the table must hold, from the second row on, as the pages write them."""
    from laoke.promotions.deepening import Assumed, Depth
    from laoke.promotions.depth.thresholds import best_of, sensitivity, step_figures, steps_of
    from laoke.web.figures import basis_points, cents, exact, percent

    facts = found["facts"]
    depth, lighter = Depth(facts, Assumed(rate=40)), Depth(facts, Assumed(rate=40, off_cents=500))
    assert depth.fill_up is not None and lighter.fill_up is not None
    history = {one["key"]: one for one in facts["history"]}
    first, unknown = history["first"], history.get("unknown")
    both = next(one for one in depth.combinations if len(one.offer_ids) == 2)
    step = step_figures(depth.values, facts["steps"][1], depth.fill_up)
    best = best_of(steps_of(lighter.values, lighter.fill_up))
    assert best is not None and best.needed_bp is not None
    bold = [one.best.threshold_cents for one in sensitivity(depth.values, depth.fill_up) if one.best]
    beyond = both.beyond(10)[0]
    return [
        [exact(found["orders"]), exact(found["discounted_orders"])],
        [cents(found["discount_cents"]), percent(found["discount_cents"] / found["list_cents"]).rstrip("%")],
        [cents(first["discount_cents"]), exact(first["orders"])]
        + ([cents(unknown["discount_cents"]), exact(unknown["orders"])] if unknown else []),
        [exact(both.orders), percent(both.highest_bp / 10_000).rstrip("%")]
        + ([exact(beyond)] if beyond else []),
        [exact(step.over), exact(step.near), cents(step.gap_cents // step.near), cents(-step.change_cents)],
        [exact(bold[0] // 100)] if bold else [],
        [
            exact(best.threshold_cents // 100),
            cents(best.change_cents),
            cents(best.low_cents),
            f"+{cents(best.high_cents)}",
            basis_points(best.needed_bp).rstrip("%"),
        ],
    ]


def missing_from_pages(found: dict[str, Any], column: int) -> list[str]:
    """The figures of a shop that its column of the table lacks in one of the languages."""
    lacking = []
    for page in PAGES:
        rows = [line.split("|") for line in page.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
        table = rows[-7:]
        for row, wanted in zip(table, figures_of(found), strict=True):
            lacking += [
                f"{page.name}: {row[1].strip()}: {one}" for one in wanted if one not in row[1 + column]
            ]
    return lacking
