"""A whole installation for the browser: demo shop, web, worker and rehearsal gateway as processes of their own."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from laoke.config.bench.ports import free_port
from laoke.shops.place import Place
from laoke.warehouse.store import Warehouse
from laoke.web.pages.overview.periods import day_of
from tests.flows.commands import Laoke

CUSTOMERS, ORDERS, SEED = 600, 1_800, 11
START = "2026-10-31 10:00"
PASSWORD = "kaituozhe-2026"
ONE_TIME = re.compile(r"一次性密码 (\S+?)（")
READY_SECONDS, STOP_SECONDS = 180.0, 60.0


@dataclass
class Shop:
    """The running shop. `kept` carries what one step of the way leaves for the next."""

    home: Path
    web: str
    gateway: str
    one_time_password: str
    laoke: Laoke
    kept: dict[str, Any] = field(default_factory=dict)

    def control(self, **wish: Any) -> dict[str, Any]:
        """Tell the rehearsal gateway what to play."""
        answer = httpx.post(f"{self.gateway}/_control", json=wish, timeout=60.0)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def sent(self) -> dict[str, int]:
        """The gateway's own count: how many messages each number was sent."""
        counts: dict[str, int] = httpx.get(f"{self.gateway}/_count", timeout=60.0).json()
        return counts

    @contextmanager
    def seen_on(self, moment: str) -> Iterator[str]:
        """The address of the same shop as another day would show it; its worker stays where it is."""
        with running_web(self.home, LAOKE_NOW=f"={moment}") as web:
            yield web

    def newest_sale(self) -> date:
        """The last day on which somebody paid, out of the facts themselves."""
        with closing(sqlite3.connect(self.home / "db.sqlite3")) as ledger:
            newest = "SELECT versions FROM shops_catalogentry ORDER BY id DESC"
            versions: dict[str, int] = json.loads(ledger.execute(newest).fetchone()[0])
        reader = Warehouse(Place(self.home).warehouse).reader(versions)
        return day_of(reader.rows("SELECT max(paid_day) AS day FROM orders")[0]["day"])


@contextmanager
def running_shop(folder: Path) -> Iterator[Shop]:
    """Made once per run; ended whatever happens."""
    home, gateway_port = folder / "我的 店铺", free_port()
    made = subprocess.run(
        [
            *_laoke(home), "demo", "--customers", str(CUSTOMERS), "--orders", str(ORDERS), "--seed", str(SEED),
            "--start", START,
        ],
        capture_output=True, text=True, encoding="utf-8", check=False, stdin=subprocess.DEVNULL, env=_environment(),
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    passwords = ONE_TIME.findall(made.stdout + made.stderr)
    assert len(passwords) == 1, made.stdout + made.stderr
    environment = {"LAOKE_LOOPBACK": f"127.0.0.1:{gateway_port}"}
    with ExitStack() as stack:
        web = stack.enter_context(running_web(home, **environment))
        for words in (
            ("worker",),
            ("gateway", "aliyun", "--port", str(gateway_port), "--callback", web, "--lag", "0.2"),
        ):
            stack.enter_context(
                _process(home, folder / f"{words[0]}.log", words, _environment(**environment))
            )
        gateway = f"http://127.0.0.1:{gateway_port}"
        _answers(f"{gateway}/_count", folder / "gateway.log")
        yield Shop(home, web, gateway, passwords[0], Laoke(home))


@contextmanager
def empty_shop(folder: Path) -> Iterator[tuple[str, str]]:
    """The address of a shop into which nothing has come yet, and the one-time password of `owner`."""
    laoke = Laoke(folder / "我的 店铺")
    laoke("init")
    password = laoke("shop", "add", "新店")["one_time_password"]
    with running_web(laoke.home) as web:
        yield web, password


@contextmanager
def running_web(home: Path, **environment: str) -> Iterator[str]:
    """The pages over a home; their address."""
    port = free_port()
    web, log = f"http://127.0.0.1:{port}", home.parent / f"web-{port}.log"
    with _process(home, log, ("web", "--port", str(port)), _environment(**environment)):
        _answers(f"{web}/login/", log)
        yield web


def _laoke(home: Path) -> list[str]:
    return [sys.executable, "-m", "laoke", "--home", str(home)]


def _environment(**more: str) -> dict[str, str]:
    ours = ("DJANGO_SETTINGS_MODULE", "LAOKE_NOW", "LAOKE_HOME")
    return {**{k: v for k, v in os.environ.items() if k not in ours}, "DATABASE_URL": "", **more}


@contextmanager
def _process(home: Path, log: Path, words: tuple[str, ...], environment: dict[str, str]) -> Iterator[None]:
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [*_laoke(home), *words], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment
        )  # fmt: skip
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(timeout=STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    said = log.read_text(encoding="utf-8")
    assert "Traceback" not in said, said[-3000:]


def _answers(url: str, log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=60.0).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer:\n{log.read_text(encoding='utf-8')[-3000:]}")
