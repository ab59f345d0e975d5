"""A trial of the platform by the command line: connect, pull, see how far it is, pull again, forget."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

from laoke.config.bench.ports import free_ports
from laoke.intake.top.loopback import APP_KEY, SECRET, SESSION, LoopbackTop
from laoke.intake.top.loopback_shop import make_shop
from laoke.intake.top.trials import announced
from tests.flows.commands import Laoke

NOW = datetime(2026, 10, 31, 10, 0)
STANDING = "=2026-10-31 10:00"
LATER = "=2026-11-03 10:00"


def test_a_shop_is_connected_pulled_from_and_forgotten(tmp_path: Path) -> None:
    laoke = Laoke(tmp_path / "home")
    laoke("init")
    laoke("shop", "add", "试用店", now=STANDING)
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    (tmp_path / "session").write_text(SESSION + "\n", encoding="utf-8")
    times = [NOW]
    shop = make_shop(11, trades=120, start=NOW - timedelta(days=100), end=NOW + timedelta(days=20))
    secrets = ("--secret-file", str(tmp_path / "secret"), "--session-file", str(tmp_path / "session"))
    with LoopbackTop(shop, lambda: times[0]) as platform, announced(laoke.home, platform.bound_port):
        assert laoke("connect", "status", now=STANDING, refused=True)["error"] == "not_connected"
        assert laoke("connect", "top", APP_KEY, now=STANDING, refused=True)["error"] == "needs_file"
        made = laoke("connect", "top", APP_KEY, *secrets, "--gateway", platform.gateway, now=STANDING)
        assert (made["state"], made["trial"], made["streams"]) == ("active", True, {})

        pulled = laoke("pull", now=STANDING)
        since = NOW - timedelta(days=90, minutes=1)
        there = [t for t in shop.visible(NOW - timedelta(minutes=1)) if t.created >= since]
        status = laoke("connect", "status", now=STANDING)
        # A refund of these days brings its trade with it, also one that is older.
        changed = since - timedelta(minutes=10)
        back = [t for t, r in shop.refunds(NOW) if changed <= r.modified(NOW) < NOW - timedelta(minutes=1)]
        told = {t.tid: t for t in (*there, *back)}.values()
        assert (pulled["trades"], pulled["put_aside"]) == (len(told), 0)
        assert status["streams"]["history"]["rows"] == len(there)
        assert status["streams"]["history"]["reached"] == status["streams"]["history"]["goal"]
        assert laoke("segment", "count", "bought(1+)", now=STANDING)["count"] == len(
            {t.buyer for t in told if t.paid and t.paid < NOW}
        )

        times[0] = NOW + timedelta(days=3)
        assert laoke("pull", now=LATER)["trades"] > 0
        assert laoke("pull", now=LATER)["trades"] == 0

        platform.session = "another"
        assert laoke("pull", now=LATER, refused=True)["error"] == "sign_in"
        assert laoke("connect", "status", now=LATER)["state"] == "sign_in"

    assert laoke("connect", "forget", now=LATER)["forgotten"]
    told = laoke.run("audit", "verify", now=LATER).stdout
    assert SECRET not in told
    assert SESSION not in told


def test_a_trial_connects_to_the_gateway_that_runs_and_to_nothing_after_it_stopped(tmp_path: Path) -> None:
    laoke = Laoke(tmp_path / "home")
    laoke("init")
    laoke("shop", "add", "试用店", now=STANDING)
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    (tmp_path / "session").write_text(SESSION, encoding="utf-8")
    secrets = ("--secret-file", str(tmp_path / "secret"), "--session-file", str(tmp_path / "session"))
    command = [sys.executable, "-m", "laoke", "--home", str(laoke.home), "--now", STANDING, "gateway", "top"]
    environment = {**os.environ, "DATABASE_URL": "", "PYTHONUNBUFFERED": "1"}
    environment.pop("DJANGO_SETTINGS_MODULE")
    port, _messages = free_ports(2)
    with subprocess.Popen(
        [*command, "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        encoding="utf-8", env=environment,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            said = ""
            for line in process.stdout:
                said += line
                if "演练平台：" in line:
                    break
            address = said.rpartition("演练平台：")[2].strip()
            assert address == f"http://127.0.0.1:{port}/router/rest", said
            made = laoke("connect", "top", APP_KEY, *secrets, "--gateway", address, now=STANDING)
            assert (made["state"], made["trial"]) == ("active", True)
        finally:
            process.kill()
    told = laoke("pull", now=STANDING, refused=True)
    assert told["error"] == "trial"
    assert f"演练地址 {address} 上没有演练平台，开着的是：—。" in told["message"]
    laoke("connect", "forget", now=STANDING)
    again = laoke("connect", "top", APP_KEY, *secrets, "--gateway", address, now=STANDING, refused=True)
    assert again["error"] == "trial_away"
