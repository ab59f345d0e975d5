"""How long pages take while a round is sent and an import runs: web, worker, gateway and import as real processes.

One signed-in browser asks for one page after the other until sending and import are over.
"""

from __future__ import annotations

import http.client
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from laoke.config.bench.installation import command, process, wait_for
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
        cookie = _signed_in()
        command("test-message", CAMPAIGN, "--round", ROUND, "--to", OWN_NUMBER)
        command("worker", "--once")
        command("demo", "--to", AT_ROUND)
        for page in PAGES:  # a first look each, not counted: templates are compiled, files opened
            _ask(web, page, cookie)
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
            took[page].append(_ask(port, page, cookie))
        waiting = Message.objects.filter(state=MessageState.PLANNED).exists()
        if importing.poll() is not None and not waiting:
            break
    return took


def _ask(port: int, page: str, cookie: str) -> float:
    """Milliseconds until the whole page is here; anything but a page is an error."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    begun = time.perf_counter()
    connection.request("GET", page, headers={"Cookie": cookie})
    answer = connection.getresponse()
    answer.read()
    took = (time.perf_counter() - begun) * 1000
    connection.close()
    if answer.status != 200:
        raise AssertionError(f"{page} answered {answer.status}")
    return took


def _signed_in() -> str:
    """The cookie of an owner's session."""
    from laoke.config.bench.house import NOW, open_house

    open_house()
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from laoke.shops.models import Role, Shop
    from laoke.shops.setup import add_user

    shop = Shop.objects.get()
    user, _ = add_user("browser", shops=[shop], role=Role.OWNER, now=NOW, password="no login here")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"sessionid={session.session_key}"


def _second_shop() -> None:
    """Somebody else's orders are imported: the shop that is looked at keeps its sums."""
    from laoke.config.bench.house import NOW
    from laoke.shops.setup import add_shop

    add_shop("bench", now=NOW, is_demo=False)


BENCH = Bench(
    figures={"pages_while_busy": Figure("ms", limit=300)}, sides={"laoke": _laoke}, prepare=_prepare, runs=1
)
