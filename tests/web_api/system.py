"""What the system of a shop does: it sends batches and asks what became of them; a worker writes them in between."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from laoke.config.worker import run_job
from laoke.shops import catalog, jobs
from laoke.shops.models import ApiToken, Job, Shop
from laoke.shops.tokens import make_token
from laoke.warehouse.store import Warehouse
from laoke.web.pages.api.access import SCOPES
from tests.people import NOW, Demo

ORDER: dict[str, Any] = {
    "order_id": "ERP-1", "created_at": "2026-11-08 10:00:00", "status": "paid", "paid_at": "2026-11-08 10:01:00",
    "total_cents": 12_800, "paid_cents": 12_800, "postage_cents": 800,
    "buyer": {"nick": "系统来客", "phone": "13912345678", "name": "王小花", "address": "浙江省 杭州市 某路 1 号"},
    "lines": [
        {"line_id": "1", "product_id": "P1", "title": "四件套", "quantity": 1, "unit_price_cents": 9_000},
        {"line_id": "2", "product_id": "P2", "title": "枕头", "quantity": 2, "unit_price_cents": 1_500},
    ],
}  # fmt: skip


@dataclass
class System:
    """A system with a token of a shop."""

    shop: Shop
    token: ApiToken
    text: str
    client: Client = field(default_factory=lambda: Client(enforce_csrf_checks=True))
    _keys: Any = field(default_factory=lambda: count(1))

    @classmethod
    def of(cls, demo: Demo, scopes: tuple[str, ...] = SCOPES, days: int = 30) -> System:
        """With a token of these scopes, made now."""
        token, text = make_token(demo.shop, name="仓库 ERP", scopes=scopes, days=days, by=demo.owner, now=NOW)
        return cls(demo.shop, token, text)

    def post(self, kind: str, data: bytes, key: str | None = None, **headers: str) -> HttpResponse:
        """Bytes as they are, with a new key where none is named."""
        key = f"batch-{next(self._keys)}" if key is None else key
        given = {"Authorization": f"Bearer {self.text}", "Idempotency-Key": key, **headers}
        content_type = given.pop("Content-Type", "application/json")
        return self.client.generic(  # type: ignore[return-value]
            "POST", f"/api/v1/facts/{kind}", data, content_type=content_type, headers=given
        )

    def send(self, kind: str, *rows: Any, key: str | None = None, **more: Any) -> HttpResponse:
        """Rows as a batch."""
        return self.post(kind, json.dumps({"rows": list(rows), **more}, ensure_ascii=False).encode(), key)

    def ask(self, batch: str) -> dict[str, Any]:
        """How far a batch is."""
        answer = self.client.get(f"/api/v1/batches/{batch}", headers={"Authorization": f"Bearer {self.text}"})
        assert answer.status_code == 200, answer.content.decode()
        return dict(answer.json())

    def taken(self, kind: str, *rows: Any, **more: Any) -> dict[str, Any]:
        """Send rows, let a worker write them, and ask."""
        answer = self.send(kind, *rows, **more)
        assert answer.status_code == 202, answer.content.decode()
        work()
        return self.ask(answer.json()["batch"])


def work() -> list[Job]:
    """Be a worker until no job waits."""
    done = []
    while (job := jobs.claim("tester", NOW)) is not None:
        run_job(job, lambda: NOW)
        job.refresh_from_db()
        done.append(job)
    return done


def stored(shop: Shop, table: str, where: str) -> list[dict[str, Any]]:
    """What pages would read of a table, of this shop, in the order of its columns."""
    entry = catalog.current()
    if entry is None or table not in entry.versions:
        return []
    reader = Warehouse(settings.PLACE.warehouse).reader(entry.versions)
    return reader.rows(f"SELECT * FROM {table} WHERE shop_id = {shop.pk} AND {where} ORDER BY ALL")
