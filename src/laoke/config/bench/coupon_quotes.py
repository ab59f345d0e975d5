"""How long a checkout waits for a price: the web as a process of its own, asked 200 times a second, twenty offers open.

Requests leave by the clock, whether the one before was answered or not, and the time of one counts from when it was
due: what a slow answer holds up is not left out.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from laoke.config.bench.installation import process, wait_for
from laoke.config.bench.measures import Bench, Figure, Measured, Size, spent
from laoke.config.bench.ports import free_port

A_SECOND = 200
SECONDS = {"small": 1, "full": 20}
CALLERS = 16
LIMIT_MS = 30.0
BASKETS = 500
PATH = "/api/v1/coupons/quote"


def _laoke(size: Size, folder: Path) -> Iterator[Measured]:
    from laoke.config.bench.house import open_house

    open_house()
    token = _shop_with_offers()
    bodies = _bodies()
    port = free_port()
    with process("web", "--port", port, "--workers", 2):
        wait_for(port)
        # Not counted: the first requests of a web process load and compile.
        _Load(port, token, bodies, 2 * CALLERS).run()
        load = _Load(port, token, bodies, A_SECOND * SECONDS[size])
        with spent() as time_spent:
            took = load.run()
    took.sort()
    note = f"p95, median {median(took):.1f} ms, {A_SECOND} requests/s, 20 offers, 1-4 lines"
    value = took[min(len(took) - 1, int(len(took) * 0.95))]
    yield Measured("coupon_quotes", value, len(took), time_spent.wall, time_spent.cpu, note=note)


def _shop_with_offers() -> str:
    """A shop in which the twenty offers of the pricing bench run now; the token of its checkout."""
    from laoke.config.bench.pricing import twenty_offers
    from laoke.promotions.engine import offer_to_dict
    from laoke.promotions.offers import add_offer
    from laoke.shops.setup import add_shop
    from laoke.shops.tokens import make_token
    from laoke.web.pages.api.access import QUOTE

    now = datetime.now()
    shop = add_shop("bench", now=now)
    window = {
        "start": (now - timedelta(days=2)).isoformat(timespec="seconds"),
        "end": (now + timedelta(days=2)).isoformat(timespec="seconds"),
    }
    for offer in twenty_offers():
        wanted = offer_to_dict(offer) | {"name": offer.offer_id, "window": window}
        del wanted["offer_id"]
        add_offer(shop, wanted, by=None, now=now)
    return make_token(shop, name="till", scopes=(QUOTE,), days=1, by=None, now=now)[1]


def _bodies() -> list[bytes]:
    from laoke.config.bench.pricing import some_baskets
    from laoke.promotions.engine import basket_to_dict

    return [
        json.dumps({"basket": {"lines": basket_to_dict(basket)["lines"]}}).encode()
        for basket in some_baskets(BASKETS)
    ]


@dataclass
class _Load:
    """So many requests by the clock, from callers that each keep a connection."""

    port: int
    token: str
    bodies: Sequence[bytes]
    count: int
    took: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def run(self) -> list[float]:
        """Milliseconds of each request."""
        begun = time.perf_counter() + 0.1
        callers = [
            threading.Thread(target=self._call, args=(begun, number), daemon=True)
            for number in range(CALLERS)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        if self.wrong:
            raise AssertionError(f"{len(self.wrong)} of {self.count} requests failed: {self.wrong[0]}")
        return self.took

    def _call(self, begun: float, first: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        for number in range(first, self.count, CALLERS):
            due = begun + number / A_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request("POST", PATH, self.bodies[number % len(self.bodies)], headers)
            answer = connection.getresponse()
            told = answer.read()
            self.took.append((time.perf_counter() - due) * 1000)
            if answer.status != 200:
                self.wrong.append(f"{answer.status} {told[:200]!r}")
        connection.close()


BENCH = Bench(figures={"coupon_quotes": Figure("ms", limit=LIMIT_MS)}, sides={"laoke": _laoke})
