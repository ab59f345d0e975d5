"""A whole installation for a bench: commands run to their end, web, worker and gateway as processes beside it."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from laoke.config.ending import ask_to_end, start

# A page of a machine with other work takes long the first time: what is slow is told, not broken off.
LONGEST_SECONDS = 300


def command(*words: object) -> dict[str, Any]:
    """Run a command to its end; its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "laoke", "--json", *map(str, words)],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode:
        raise AssertionError(f"{words}: {done.stdout[-500:]} {done.stderr[-1500:]}")
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    found: dict[str, Any] = json.loads(lines[-1]) if lines else {}
    return found


@contextmanager
def process(*words: object) -> Iterator[subprocess.Popen[bytes]]:
    """A command that keeps running, ended at the end of the block."""
    child = start(*map(str, words), quiet=True)
    try:
        yield child
    finally:
        if child.poll() is None:
            ask_to_end(child)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_for(port: int) -> None:
    """Until something listens there, a minute at most."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError(f"nothing listens on port {port}")


def ask(port: int, page: str, cookie: str, *, as_part: bool = False) -> float:
    """Milliseconds until the whole page is here, behind redirects too; anything but a page is an error. `as_part` asks
    as HTMX does for what it puts into a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_SECONDS)
    headers = {"Cookie": cookie, **({"HX-Request": "true"} if as_part else {})}
    begun = time.perf_counter()
    for _ in range(3):
        connection.request("GET", page, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 302:
            break
        page = answer.headers["Location"]
    took = (time.perf_counter() - begun) * 1000
    connection.close()
    if answer.status != 200:
        raise AssertionError(f"{page} answered {answer.status}")
    return took


def signed_in() -> str:
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
