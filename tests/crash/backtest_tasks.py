"""What a forked child does in the tests of queued backtests: make a shop, be a worker that dies at a step, tell."""

from __future__ import annotations

import json
import os
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from laoke.campaigns import backtest_jobs
from laoke.campaigns.models import PlanComparison
from laoke.promotions.backtesting import backtest
from laoke.promotions.depth.net import CostTerms
from laoke.promotions.models import Backtest, BacktestDepth, Offer
from laoke.promotions.offers import add_offer
from laoke.shops import jobs
from laoke.shops.models import AuditEvent, Job, Shop
from tests.campaigns.stores import NOW, Store, bought, make_store
from tests.promotions_rows.test_offers import coupon, steps

KILLED = 137
NOVEMBER = (date(2025, 11, 1), date(2025, 11, 30))


def warm_up() -> None:
    """Load what a worker would load. Nothing that starts threads may run here: threads do not survive a fork."""
    for name in ("deltalake", "duckdb", "pyarrow.compute", "laoke.promotions.columnar"):
        import_module(name)


def make_shop() -> None:
    """120 orders of 400 in November and two offers."""
    store = make_store()
    rows = [
        bought(f"A{n}", n, date(2025, 11, 11), goods_cents=40_000, paid_cents=40_000) for n in range(1, 121)
    ]
    store.sold(*rows)
    for offer in (steps((30_000, 4_000)), coupon()):
        add_offer(store.shop, offer, by=store.owner, now=NOW)


def ask(what: str) -> None:
    """Queue a backtest, or a comparison of two that are made here."""
    shop = Shop.objects.get()
    offers = [[one] for one in Offer.objects.order_by("pk")]
    if what == "replay":
        backtest_jobs.queue_backtest(
            shop, offers[0], *NOVEMBER, terms=CostTerms(), segments=[], by=None, now=NOW
        )
        return
    clock = Store(shop, None).clock  # type: ignore[arg-type]
    first, second = (backtest(shop, one, *NOVEMBER, by=None, clock=clock) for one in offers)
    backtest_jobs.queue_comparison(shop, "并排", first, [second], [], campaign=None, by=None, now=NOW)


def work(die_at: str = "", minutes: float = 0) -> None:
    """Claim the job and do it as a worker does; die at a step, in the transaction that keeps it, or after it."""
    from laoke.config import worker

    at = NOW + timedelta(minutes=minutes)
    job = jobs.claim("w", at, [backtest_jobs.JOB])
    assert job is not None
    step, keep, finish = jobs.Progress.step, jobs.keep_result, jobs.finish

    def told(self: jobs.Progress, done: int, total: int, note: str = "", *, force: bool = False) -> None:
        step(self, done, total, note, force=force)
        if die_at == f"step {done}":
            os._exit(KILLED)

    def kept(one: Job, result: dict[str, Any]) -> None:
        keep(one, result)
        if die_at == "keeping":
            os._exit(KILLED)

    def finished(*given: Any, **named: Any) -> bool:
        if die_at == "kept":
            os._exit(KILLED)
        return finish(*given, **named)

    jobs.Progress.step, jobs.keep_result, jobs.finish = told, kept, finished  # type: ignore[method-assign, assignment]
    worker.run_job(job, lambda: at)


def look(path: str) -> None:
    """What is there, and how the newest job ended."""
    job = Job.objects.filter(kind=backtest_jobs.JOB).latest("pk")
    seen = {
        "backtests": Backtest.objects.count(),
        "facts": BacktestDepth.objects.count(),
        "comparisons": PlanComparison.objects.count(),
        "made": AuditEvent.objects.filter(act="backtest.make").count(),
        "compared": AuditEvent.objects.filter(act="backtest.compare").count(),
        "state": job.state,
        "result": sorted(job.result),
        "given": sorted({one.result["discount_cents"] for one in Backtest.objects.all()}),
    }
    Path(path).write_text(json.dumps(seen), encoding="utf-8")
