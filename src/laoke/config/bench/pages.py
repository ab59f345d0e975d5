"""How long pages take while a round is sent and an import runs: web, worker, gateway and import as real processes.

One signed-in browser asks for one page after the other until sending and import are over.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from laoke.config.bench.installation import ask, command, process, signed_in, wait_for
from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent
from laoke.config.bench.ports import free_port

CUSTOMERS = {"small": 400, "full": 20_000}
ORDERS = {"small": 1_200, "full": 60_000}
IMPORTED_ROWS = {"small": 3_000, "full": 200_000}
LONGEST_SECONDS = {"small": 10, "full": 180}
PAGES = (
    "/", "/today/", "/customers/", "/segments/", "/campaigns/", "/rounds/", "/imports/", "/analysis/", "/offers/",
    "/tasks/", "/settings/",
)  # fmt: skip
START, AT_ROUND, EVENT = "2026-10-31 10:00", "2026-11-02 15:01", "2026-11-11"
CAMPAIGN, ROUND, OWN_NUMBER = "双11 2026", "1b", "10000000001"


def _prepare(size: Size, folder: Path) -> None:
    from laoke.intake.demo import write_gbk_bench_export

    write_gbk_bench_export(folder / "meanwhile.csv", IMPORTED_ROWS[size], IMPORTED_ROWS[size] // 3, seed=23)


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    web, gateway = free_port(), free_port()
    os.environ["LAOKE_LOOPBACK"] = f"127.0.0.1:{gateway}"
    command("demo", "--customers", CUSTOMERS[size], "--orders", ORDERS[size], "--start", START)
    command("plan", "double11", "--on", EVENT)
    with ExitStack() as running:
        running.enter_context(process("web", "--port", web))
        running.enter_context(
            process("gateway", "aliyun", "--port", gateway, "--callback", f"http://127.0.0.1:{web}")
        )
        wait_for(web)
        wait_for(gateway)
        cookie = signed_in()
        command("test-message", CAMPAIGN, "--round", ROUND, "--to", OWN_NUMBER)
        command("worker", "--once")
        command("demo", "--to", AT_ROUND)
        for page in PAGES:  # a first look each, not counted: templates are compiled, files opened
            ask(web, page, cookie)
        sent = command("launch", CAMPAIGN, "--round", ROUND, "--now", f"={AT_ROUND}")
        people = sent["rounds"][0]["funnel"]["treated"]
        running.enter_context(process("worker"))
        _second_shop()
        importing = running.enter_context(process("import", folder / "meanwhile.csv", "--shop", "bench"))
        with spent() as elapsed:
            took = _browse(web, cookie, importing, LONGEST_SECONDS[size])
    spans = sorted(span for spans in took.values() for span in spans)
    slowest = max(took, key=lambda page: median(took[page]))
    note = (
        f"p95, median {median(spans):.0f} ms, slowest page {slowest} {median(took[slowest]):.0f} ms; "
        f"round of {people:,}, import of {IMPORTED_ROWS[size]:,} rows"
    )
    value = spans[min(len(spans) - 1, int(len(spans) * 0.95))]
    yield Measured("pages_while_busy", value, len(spans), elapsed.wall, elapsed.cpu, note=note)


def _browse(
    port: int, cookie: str, importing: subprocess.Popen[bytes], most_seconds: float
) -> dict[str, list[float]]:
    """Milliseconds by page, from every page once to the end of both import and sending."""
    from laoke.dispatch.models import Message, MessageState

    took: dict[str, list[float]] = {page: [] for page in PAGES}
    until = time.monotonic() + most_seconds
    while time.monotonic() < until:
        for page in PAGES:
            took[page].append(ask(port, page, cookie))
        waiting = Message.objects.filter(state=MessageState.PLANNED).exists()
        if importing.poll() is not None and not waiting:
            break
    return took


def _second_shop() -> None:
    """Somebody else's orders are imported: the shop that is looked at keeps its sums."""
    from laoke.config.bench.house import NOW
    from laoke.shops.setup import add_shop

    add_shop("bench", now=NOW, is_demo=False)


BENCH = Bench(
    figures={"pages_while_busy": Figure("ms", limit=300)}, sides={"laoke": _laoke}, prepare=_prepare, runs=1
)
