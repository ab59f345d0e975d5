"""What a forked child does in the tests of sent batches: send one, work like a worker, tell what is there."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from laoke.config.importing import import_file
from laoke.config.worker import run_job
from laoke.intake.models import ImportRun, SentBatch
from laoke.intake.sent.bodies import BodyRefused
from laoke.intake.sent.fields import ORDERS
from laoke.intake.sent.taking import state_of, take_batch
from laoke.shops import jobs, uploads
from laoke.shops.models import ApiToken, Job, Upload
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from tests.crash import imports_tasks

NOW, rows_of = imports_tasks.NOW, imports_tasks.rows_of
KILLED, REFUSED = 137, 3
warm_up = imports_tasks.warm_up


def make_shop() -> None:
    make_token(add_shop("书店", now=NOW), name="ERP", scopes=["facts:orders"], days=30, by=None, now=NOW)


def body_of(number: int) -> bytes:
    """Two orders of two lines, one of which an earlier batch has told, and a row that nobody can read."""
    orders = [
        {
            "order_id": f"B{order}", "created_at": "2018-11-01 08:00:00", "status": "finished", "total_cents": 3_000,
            "paid_cents": 3_000, "buyer": {"nick": f"客{order}"},
            "lines": [
                {"line_id": "1", "title": "书", "quantity": 1, "unit_price_cents": 1_000},
                {"line_id": "2", "title": "本子", "quantity": 2, "unit_price_cents": 1_000},
            ],
        }
        for order in (number, number + 1)
    ]  # fmt: skip
    return json.dumps({"rows": [*orders, {"order_id": 5}]}).encode()


def send(number: int, key: str, die_at: str = "") -> None:
    """One request; die at a step of it."""

    def step(name: str) -> None:
        if name == die_at:
            os._exit(KILLED)

    token = ApiToken.objects.select_related("shop").get()
    try:
        take_batch(token, ORDERS, key, body_of(number), staging=settings.PLACE.staging, now=NOW, step=step)
    except BodyRefused:
        os._exit(REFUSED)


def work(die_at: str = "", nth: int = 1, seconds: float = 0.0, passed: str = "") -> None:
    """Do every job that waits, or that a dead worker has left; die at the n-th pass of a step. With `seconds` wait so
    long for another one."""
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        if name == die_at and steps.count(name) == nth:
            os._exit(KILLED)

    _stepping(step)
    until = time.monotonic() + seconds
    later = NOW + timedelta(hours=len(list(settings.PLACE.logs.iterdir())))
    while True:
        job = jobs.claim(f"w{os.getpid()}", later)
        if job is not None:
            run_job(job, lambda: later)
        elif time.monotonic() >= until:
            break
        else:
            time.sleep(0.02)
    if passed:
        Path(passed).write_text(json.dumps(steps), encoding="utf-8")


def _stepping(step: Callable[[str], None]) -> None:
    """Let the worker's own import and its forgetting of uploads pass through `step`."""
    import laoke.config.importing as importing

    def stepped(*args: Any, **more: Any) -> Any:
        done = import_file(*args, **more, step=step)
        step("imported")
        return done

    def forgotten(upload: Upload) -> None:
        forget(upload)
        step("upload_forgotten")

    forget = uploads.forget
    importing.import_file = stepped
    uploads.forget = forgotten


def a_while_later(path: str) -> None:
    """The lease of whoever died is over for the workers that come."""
    (settings.PLACE.logs / path).touch()


def tidy() -> None:
    """What a worker does with what the killed had open, two days later."""
    uploads.forget_leftovers(settings.PLACE.staging, settings.PLACE.exports, time.time() + 2 * 86_400)


def look(path: str) -> None:
    """Batches with their states, jobs, uploads, and the facts that a reader sees."""
    seen = {
        "batches": {batch.key: state_of(batch)[0] for batch in SentBatch.objects.select_related("job")},
        "jobs": sorted(Job.objects.values_list("state", flat=True)),
        "uploads": Upload.objects.count(),
        "files": len(list(settings.PLACE.uploads.glob("*.sealed"))),
        "imports": [
            (run.state, run.counts.get("read"), run.counts.get("quarantined"), run.quarantined.count())
            for run in ImportRun.objects.order_by("pk")
        ],
        "orders": sorted(row["order_id"] for row in rows_of("orders")),
        "lines": sorted((row["order_id"], row["line"], row["paid_cents"]) for row in rows_of("order_lines")),
        "staged": sorted(found.name for found in settings.PLACE.staging.iterdir()),
    }  # fmt: skip
    Path(path).write_text(json.dumps(seen), encoding="utf-8")
