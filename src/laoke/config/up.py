"""`laoke up`: everything that a shop needs on one PC, started together and ended together."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time

from laoke.config.commands.house import make_installation
from laoke.config.console import refuse, say
from laoke.config.ending import ask_to_end, on_ending, start

GATEWAY_PORT = 8027
STOP_SECONDS = 8


def run_up(*, port: int, with_demo: bool, customers: int, orders: int) -> int:
    """Make what is missing, start web, worker and loopback gateway, wait for Ctrl-C. Returns the exit code."""
    if not _free(port):
        refuse("port", f"端口 {port} 已被占用。关掉占用它的程序，或用 --port 换一个")
    make_installation()
    # On the other processor, while the shop is made: the first import and the first replay then wait for no compiler.
    warming = subprocess.Popen([sys.executable, "-m", "laoke.config.warming"])
    from laoke.config.demo import first_owner, make_demo_shop
    from laoke.shops.clock import clock_from_env
    from laoke.shops.models import Shop

    if with_demo and not Shop.objects.exists():
        make_demo_shop(customers=customers, orders=orders, on_its_clock=not os.environ.get("LAOKE_NOW"))
    first_owner(clock_from_env().now())
    gateway_port = GATEWAY_PORT if _free(GATEWAY_PORT) else _any_port()
    os.environ["LAOKE_LOOPBACK"] = f"127.0.0.1:{gateway_port}"
    callback = f"http://127.0.0.1:{port}"
    children = [
        start("web", "--port", str(port)),
        start("worker"),
        start("gateway", "aliyun", "--port", str(gateway_port), "--callback", callback),
    ]
    try:
        return _wait(children, port)
    finally:
        warming.terminate()
        warming.wait()


def _wait(children: list[subprocess.Popen[bytes]], port: int) -> int:
    """Until Ctrl-C, or until one child ends by itself: then the others are ended too. The address is said once it
    answers: whoever opens it at once must not find it closed."""
    stopped = opened = False

    def stop() -> None:
        nonlocal stopped
        stopped = True

    on_ending(stop)
    while not stopped and all(child.poll() is None for child in children):
        if not opened and not _free(port):
            opened = True
            say(f"老客已打开：http://127.0.0.1:{port}  （Ctrl-C 停止）")
        time.sleep(0.2)
    failed = 0 if stopped else 1
    for child in children:
        if child.poll() is None:
            ask_to_end(child)
    until = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(timeout=max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    if failed:
        say("有一个部分自己停了，其余的也已停下；上面几行写着原因")
    else:
        say("已停止")
    return failed


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
