"""The examples of the how-to pages do what the pages say, against a web server and a worker."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from pytest_django.live_server_helper import LiveServer

from laoke.config.worker import run_job
from laoke.intake.models import SentBatch
from laoke.shops import jobs
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from laoke.web.pages.api.access import SCOPES
from tests.conftest import ROOT
from tests.people import NOW
from tests.web_api.system import stored, work

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = ("api.md", "api.zh-CN.md")


def block(page: str, language: str) -> str:
    """The page's block of code in a language."""
    text = (ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8")
    [found] = re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture
def shop(home: Path, monkeypatch: pytest.MonkeyPatch) -> Shop:
    monkeypatch.setenv("LAOKE_NOW", f"={NOW:%Y-%m-%d %H:%M}")
    return add_shop("书店", now=NOW)


@pytest.fixture
def environment(shop: Shop, live_server: LiveServer) -> dict[str, str]:
    _, text = make_token(shop, name="ERP", scopes=SCOPES, days=30, by=None, now=NOW)
    return {
        **os.environ, "LAOKE_URL": live_server.url, "LAOKE_TOKEN": text, "NO_PROXY": "*", "PYTHONIOENCODING": "utf-8",
    }  # fmt: skip


@contextmanager
def worker() -> Iterator[None]:
    """Somebody who does the jobs beside the example."""
    over = threading.Event()

    def do_jobs() -> None:
        try:
            while not over.wait(0.05):
                if job := jobs.claim("tester", NOW):
                    run_job(job, lambda: NOW)
        finally:
            connection.close()

    thread = threading.Thread(target=do_jobs)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("page", PAGES)
def test_the_python_example_sends_and_waits(shop: Shop, environment: dict[str, str], page: str) -> None:
    with worker():
        for new in (2, 2):  # the second time it is the same batch, and its answer the same
            done = subprocess.run(
                [sys.executable, "-c", block(page, "python")], env=environment, capture_output=True,
                encoding="utf-8", timeout=100, check=False,
            )  # fmt: skip
            assert (done.stderr, done.returncode) == ("", 0)
            assert done.stdout.startswith("done {'read': 2, ")
            assert f"'new': {new}" in done.stdout
    assert [row["cost_cents"] for row in stored(shop, "products", "product_id LIKE 'P%'")] == [4100, 600]
    assert SentBatch.objects.count() == 1


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.skipif(shutil.which("curl") is None or os.name == "nt", reason="needs curl and a shell")
def test_the_curl_example_is_taken_without_an_error(
    shop: Shop, environment: dict[str, str], page: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", block(page, "sh")],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    answer = json.loads(done.stdout)
    assert (answer["rows_taken"], answer["errors"]) == (1, [])
    work()
    [order] = stored(shop, "orders", "order_id = 'ERP-20251108-1'")
    assert (order["paid_cents"], order["item_count"], order["city"]) == (12_800, 3, "杭州")


def test_both_pages_have_the_same_examples() -> None:
    english, chinese = (block(page, "sh") for page in PAGES)
    assert english == chinese
    words = re.compile(r"print\(f\"row .*|print\(f\"第 .*|, \"Accept-Language\": \"en\"")
    first, second = (words.sub("", block(page, "python")) for page in PAGES)
    assert first == second
