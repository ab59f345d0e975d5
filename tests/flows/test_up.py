"""`laoke up` as a shop starts it: one process that brings everything, one Ctrl-C that takes everything down."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import httpx

from laoke.config.bench.ports import free_port
from tests.flows.commands import Laoke

CUSTOMERS, ORDERS = 300, 900
READY_SECONDS, STOP_SECONDS = 90.0, 10.0
PASSWORD = re.compile(r"一次性密码 (\S+?)（")


@dataclass
class Up:
    """A running `laoke up` and what it has said so far."""

    process: subprocess.Popen[str]
    port: int
    begun: float
    said: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip("\n"))

    def text(self) -> str:
        return "\n".join(self.said)

    def ready(self) -> float:
        """Wait until the address is said, and open it at once: it answers. Seconds since the start."""
        while time.monotonic() - self.begun < READY_SECONDS:
            assert self.process.poll() is None, self.text()
            if f"老客已打开：{self.url}" in self.text():
                assert httpx.get(f"{self.url}/login/", timeout=30.0).status_code == 200
                return time.monotonic() - self.begun
            time.sleep(0.1)
        raise AssertionError(f"not ready after {READY_SECONDS} s:\n{self.text()}")

    def family(self) -> list[int]:
        """The processes that it started, and those that they started."""
        return _descendants(self.process.pid)

    def stop(self, number: int, *, group: bool = False) -> float:
        """Ctrl-C as a terminal sends it to the whole group, or a signal to the one process; seconds until the end."""
        begun = time.monotonic()
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)
        self.process.wait(timeout=STOP_SECONDS)
        return time.monotonic() - begun


def _descendants(pid: int) -> list[int]:
    """Linux tells the children of a process in /proc."""
    found: list[int] = []
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, children.read_text(encoding="ascii").split()):
            found += [child, *_descendants(child)]
    return found


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


@contextmanager
def up(home: Path, **environment: str) -> Iterator[Up]:
    """`laoke up` with a small demo shop on a free port; whatever happens, nothing of it stays."""
    port = free_port()
    kept = {k: v for k, v in os.environ.items() if k not in ("DJANGO_SETTINGS_MODULE", "LAOKE_NOW")}
    begun = time.monotonic()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "laoke", "--home", str(home), "up", "--port", str(port),
            "--customers", str(CUSTOMERS), "--orders", str(ORDERS),
        ],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8",
        env={**kept, "DATABASE_URL": "", **environment}, start_new_session=True,
    )  # fmt: skip
    running = Up(process, port, begun)
    reader = Thread(target=running.listen, daemon=True)
    reader.start()
    try:
        yield running
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=STOP_SECONDS)
        reader.join(timeout=STOP_SECONDS)
        assert process.stdout is not None
        process.stdout.close()


def _everything_ended(running: Up, family: list[int]) -> None:
    assert running.process.returncode == 0, running.text()
    assert [pid for pid in family if _alive(pid)] == []
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", running.port)) != 0
    assert "Traceback" not in running.text(), running.text()


def test_up_brings_a_demo_shop_and_one_ctrl_c_ends_everything(tmp_path: Path, capsys: Any) -> None:
    home = tmp_path / "我的 店铺"
    with up(home) as first:
        seconds = first.ready()
        family = first.family()
        assert len(family) >= 3
        passwords = PASSWORD.findall(first.text())
        assert len(passwords) == 1
        signed_in = _sign_in(first.url, passwords[0])
        assert signed_in.headers["location"].startswith("/account/password/")
        stopped = first.stop(signal.SIGINT, group=True)
        _everything_ended(first, family)
    kept = _kept(home)
    # The second start: the same shop, nobody gets a new password, and the old one is still the way in.
    with up(home) as second:
        again = second.ready()
        family = second.family()
        assert "一次性密码" not in second.text()
        assert "正在生成示例店" not in second.text()
        assert _sign_in(second.url, passwords[0]).status_code == 302
        stopped_again = second.stop(signal.SIGINT)
        _everything_ended(second, family)
    assert _kept(home) == kept
    with capsys.disabled():
        print(
            f"\nlaoke up: {seconds:.1f} s to the page with a new shop of {CUSTOMERS}, {again:.1f} s again; "
            f"ended in {stopped:.1f} s and {stopped_again:.1f} s"
        )


def _kept(home: Path) -> tuple[Any, ...]:
    """The shops, the accounts, and the version of the orders' table."""
    with sqlite3.connect(home / "db.sqlite3") as ledger:
        people = ledger.execute("SELECT id, username, password FROM shops_user ORDER BY id").fetchall()
        versions = ledger.execute("SELECT versions FROM shops_catalogentry ORDER BY id DESC").fetchone()[0]
    ledger.close()
    return Laoke(home)("shop", "list"), people, json.loads(versions)["orders"]


def test_up_says_who_holds_the_port_and_starts_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = Laoke(tmp_path / "home").run("up", "--port", str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "已被占用" in done.stdout + done.stderr
    assert not (tmp_path / "home" / "db.sqlite3").exists()


def test_when_one_part_dies_the_others_end_too(tmp_path: Path) -> None:
    with up(tmp_path / "home") as running:
        running.ready()
        family = running.family()
        worker = next(pid for pid in family if _words(pid)[-1] == "worker")
        os.kill(worker, signal.SIGKILL)
        assert running.process.wait(timeout=STOP_SECONDS) == 1
        assert [pid for pid in family if _alive(pid)] == []
    assert "有一个部分自己停了" in running.text()


def _words(pid: int) -> list[str]:
    """The command line of a process."""
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").rstrip("\0").split("\0")


def _sign_in(url: str, password: str) -> httpx.Response:
    """Sign in as the owner by the form; the answer is a redirect."""
    with httpx.Client(base_url=url, timeout=20.0) as client:
        client.get("/login/")
        answer = client.post(
            "/login/",
            data={
                "username": "owner",
                "password": password,
                "csrfmiddlewaretoken": client.cookies["csrftoken"],
            },
        )
    assert answer.status_code == 302, answer.text[:500]
    return answer
