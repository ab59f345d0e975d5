"""Who may call the API: a token of the shop, alive, with the scope, not too often; never a browser's session."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from laoke.intake.models import SentBatch
from laoke.intake.sent import taking
from laoke.shops import audit
from laoke.shops.models import ApiToken, AuditEvent, Job, JobState, Owner, Shop
from laoke.shops.tokens import MOST_A_MINUTE, count_use, make_token, revoke, token_of
from laoke.web.pages.api.access import READ, SCOPES
from tests.people import NOW, Demo
from tests.web_api.system import ORDER, System

pytestmark = pytest.mark.django_db

PRODUCT = {"product_id": "P1", "stock": 1}


def refusal(answer: HttpResponse) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]  # type: ignore[attr-defined]


def test_a_session_of_a_browser_opens_nothing(demo: Demo) -> None:
    client = demo.client()
    answer = client.post("/api/v1/facts/products", b'{"rows": [1]}', content_type="application/json")
    assert refusal(answer) == (401, "token_missing")
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert refusal(client.get("/api/v1/batches/1")) == (401, "token_missing")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer lk_x", "Bearer é", "Bearer " + "x" * 10_000]
)
def test_a_header_that_holds_no_token_is_refused(demo: Demo, header: str) -> None:
    answer = Client().get("/api/v1/batches/1", headers={"Authorization": header})
    assert answer.status_code == 401


def test_a_token_is_known_only_as_a_whole(system: System) -> None:
    assert token_of(system.text, lambda zone: NOW) == system.token
    letters = system.text[:-1] + ("A" if system.text[-1] != "A" else "B")
    other = f"lk_{'0' * 12}_{system.text.rpartition('_')[2][:43]}"
    for wrong in (letters, other, system.text + "x", system.text.upper(), system.token.digest):
        assert token_of(wrong, lambda zone: NOW) is None


def test_a_token_is_kept_as_a_digest_and_never_in_the_audit(system: System) -> None:
    secret = system.text.split("_", 2)[2]
    row = ApiToken.objects.values().get(pk=system.token.pk)
    event = AuditEvent.objects.get(act="token.make")
    assert secret not in repr(row)
    assert secret not in repr(vars(event))
    assert (event.subject, event.detail["prefix"], len(row["digest"])) == (
        "仓库 ERP",
        system.token.prefix,
        64,
    )
    assert audit.verify().whole


def test_a_token_ends_when_it_is_revoked_or_its_time_is_over(demo: Demo, system: System) -> None:
    assert token_of(system.text, lambda zone: NOW + timedelta(days=30) - timedelta(seconds=1)) is not None
    assert token_of(system.text, lambda zone: NOW + timedelta(days=30)) is None
    assert revoke(system.token, by=demo.owner, now=NOW)
    assert not revoke(system.token, by=demo.owner, now=NOW)
    assert refusal(system.send("products", PRODUCT)) == (401, "token_wrong")
    assert AuditEvent.objects.filter(act="token.revoke").count() == 1


def test_a_token_does_only_what_its_scopes_say(demo: Demo) -> None:
    system = System.of(demo, ("facts:products",))
    assert system.send("products", PRODUCT).status_code == 202
    assert refusal(system.send("orders", ORDER)) == (403, "scope_missing")
    answer = system.client.get("/api/v1/batches/1", headers={"Authorization": f"Bearer {system.text}"})
    assert refusal(answer) == (403, "scope_missing")
    assert READ in answer.json()["message"]


def test_a_token_sees_only_batches_of_its_shop(demo: Demo, system: System) -> None:
    batch = system.send("products", PRODUCT).json()["batch"]
    shop = Shop.objects.create(owner=Owner.objects.create(name="别家"), name="别家的店", created_at=NOW)
    _, text = make_token(shop, name="x", scopes=SCOPES, days=30, by=None, now=NOW)
    for path in (f"/api/v1/batches/{batch}", f"/api/v1/batches/{2**63}", f"/api/v1/batches/{'9' * 100}"):
        answer = Client().get(path, headers={"Authorization": f"Bearer {text}"})
        assert refusal(answer) == (404, "not_found")


def test_a_token_that_asks_too_often_waits_for_the_next_minute(system: System) -> None:
    wall = 1_000_000_040.0  # the 20th second of a minute
    assert [count_use(system.token, now=NOW, wall=wall, most=2) for _ in range(3)] == [0, 0, 40]
    assert count_use(system.token, now=NOW, wall=wall + 40, most=2) == 0
    system.token.refresh_from_db()
    assert (system.token.last_used_at, system.token.used) == (NOW, 1)


def test_more_requests_than_a_minute_allows_are_answered_with_when_to_come_back(system: System) -> None:
    ApiToken.objects.update(used=MOST_A_MINUTE, minute=int(time.time()) // 60)
    answer = system.send("products", PRODUCT)
    if answer.status_code == 202:  # a new minute has begun meanwhile
        ApiToken.objects.update(used=MOST_A_MINUTE, minute=int(time.time()) // 60)
        answer = system.send("products", PRODUCT)
    assert refusal(answer) == (429, "too_many_requests")
    assert 0 < int(answer["Retry-After"]) <= 60


def test_batches_that_wait_hold_new_ones_back(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "MOST_WAITING", 2)
    first = system.send("products", PRODUCT, key="a")
    system.send("products", PRODUCT)
    answer = system.send("products", PRODUCT)
    assert refusal(answer) == (429, "too_many_waiting")
    assert answer["Retry-After"] == "10"
    assert system.send("products", PRODUCT, key="a").content == first.content
    Job.objects.update(state=JobState.DONE)
    assert system.send("products", PRODUCT).status_code == 202
    assert SentBatch.objects.count() == 3


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("GET", "/api/v1/facts/orders", "POST"), ("DELETE", "/api/v1/batches/1", "GET")],
)
def test_other_methods_are_named(system: System, method: str, path: str, allowed: str) -> None:
    answer = system.client.generic(method, path, headers={"Authorization": f"Bearer {system.text}"})
    assert (answer.status_code, answer["Allow"], answer.json()["code"]) == (405, allowed, "method")


@pytest.mark.parametrize("path", ["/api/v1/facts/pets", "/api/v1/x", "/api/v1/nowhere/at/all"])
def test_what_is_not_there_is_said_in_json(system: System, path: str) -> None:
    answer = system.client.post(path, b"{}", content_type="application/json")
    assert refusal(answer) == (404, "not_found")


def test_no_token_is_written_to_a_log(system: System, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    system.taken("products", PRODUCT)
    system.send("orders", {"x": 1})
    assert system.text.split("_", 2)[2] not in caplog.text


def test_answers_carry_the_headers_of_the_house(system: System) -> None:
    answer: Any = system.send("products", PRODUCT)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/json"
    assert answer["Location"] == answer.json()["status_url"]
    assert answer.cookies == {}
