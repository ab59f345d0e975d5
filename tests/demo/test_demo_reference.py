"""The figures in the reference are those of the shop it names."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb

from laoke.intake.demo import generate

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "demo-shop.md"


def test_the_reference_shows_the_real_figures() -> None:
    page = PAGE.read_text(encoding="utf-8")
    shop = generate(7, 20_000, 60_000, datetime(2026, 10, 31, 12))
    db = duckdb.connect()
    for name in ("orders", "order_lines", "products", "order_people"):
        db.register(name, getattr(shop, name))
    states = db.execute(
        """SELECT status, count(*), sum(total_cents)::BIGINT, sum(paid_cents)::BIGINT, sum(refunded_cents)::BIGINT
        FROM orders GROUP BY status"""
    ).fetchall()
    for status, count, *cents in states:
        money = " | ".join(f"{amount // 100:,}.{amount % 100:02}" for amount in cents)
        assert f"| {status} | {count:,} | {money} |" in page
    days = db.execute(
        "SELECT created_at::DATE::TEXT, count(*) AS n FROM orders GROUP BY 1 ORDER BY n DESC LIMIT 4"
    )
    for day, count in days.fetchall():
        assert f"{day} with {count:,}" in page
    assert f"{shop.order_lines.num_rows:,} lines" in page
    assert f"{shop.planted_fakes.num_rows} fake orders" in page
    losses = db.execute(
        """SELECT count(*) FROM orders JOIN (
            SELECT order_id, sum(quantity * cost_cents) AS goods_cost
            FROM order_lines JOIN products USING (product_id) GROUP BY order_id
        ) AS costs USING (order_id) WHERE total_cents - postage_cents < goods_cost"""
    ).fetchone()
    assert losses is not None and f"{losses[0]} orders (0.8 %)" in page
    nicks = "SELECT buyer_no FROM order_people GROUP BY buyer_no HAVING count(DISTINCT nick) > 1"
    assert f"{len(db.execute(nicks).fetchall())} buyers were seen with both" in page
