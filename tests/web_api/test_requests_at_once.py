"""Several requests at the same moment: each in a thread and with a connection of its own."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.db import connection

from laoke.intake.models import SentBatch
from laoke.intake.sent import taking
from laoke.intake.sent.bodies import BodyRefused
from laoke.intake.sent.fields import ORDERS
from laoke.shops.models import Job, Upload
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from laoke.web.pages.api.access import SCOPES
from tests.people import NOW
from tests.web_api.system import ORDER

pytestmark = pytest.mark.django_db(transaction=True)


def test_many_requests_at_once_with_one_key_are_one_batch(home: Path) -> None:
    shop = add_shop("书店", now=NOW)
    token, _ = make_token(shop, name="ERP", scopes=SCOPES, days=30, by=None, now=NOW)
    data = json.dumps({"rows": [ORDER]}).encode()
    together, answers = Barrier(6), []

    def send(number: int) -> None:
        body = data if number else data.replace(b"ERP-1", b"ERP-9")
        try:
            together.wait()
            answers.append(
                taking.take_batch(token, ORDERS, "a", body, staging=settings.PLACE.staging, now=NOW).pk
            )
        except BodyRefused as refusal:
            answers.append(refusal.code)
        finally:
            connection.close()

    threads = [Thread(target=send, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    batch = SentBatch.objects.get()
    # whichever body was first, all requests with it have its batch, and those with the other are told so
    assert sorted(map(str, answers)) in (
        sorted([str(batch.pk)] * 5 + ["key_used"]), sorted([str(batch.pk)] + ["key_used"] * 5),
    )  # fmt: skip
    assert (Job.objects.filter(kind="import").count(), Upload.objects.count()) == (1, 1)
