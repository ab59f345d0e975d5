"""A new vault key: everything is sealed anew with it, nothing is lost on the way, an old key goes only when unused."""

from __future__ import annotations

import json
import stat
import sys
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from laoke.config import key_care
from laoke.customers import review_texts
from laoke.customers.models import Customer, OrderText, VaultRecord
from laoke.customers.sealing import Sealer, keys, open_sealed, open_text, seal
from laoke.customers.vault import (
    Contact,
    bound_to,
    open_contact,
    open_order_text,
    store_contacts,
    store_order_texts,
)
from laoke.dispatch.gateways import make_loopback_gateway
from laoke.dispatch.models import Gateway
from laoke.shops import uploads
from laoke.shops.key_rotation import changing_keys, drop_vault_key
from laoke.shops.keys import KeyFileError
from laoke.shops.models import AuditEvent, Job, JobState, KeyCheck, Shop
from laoke.shops.setup import add_shop, check_keys

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 10, 31, 10)


@pytest.fixture
def shop(home: Path) -> Shop:
    check_keys(settings.PLACE.keys)
    shop = add_shop("半亩棉", now=NOW)
    for number in range(1, 4):
        Customer.objects.create(id=number, owner=shop.owner, person_id=number, created_at=NOW)
    store_contacts(shop, [Contact(number, phone=f"1380000000{number}") for number in range(1, 4)])
    store_order_texts(shop, [("A1", 1, {"buyer_message": "放门口"})])
    review_texts.keep(shop, [review_texts.Words("A1", "600001", 1, {"review_text": "手感软"}, 1)])
    make_loopback_gateway(shop, now=NOW)
    return shop


def test_everything_is_sealed_anew_and_still_opens(shop: Shop) -> None:
    before = {row.pk: bytes(row.sealed) for row in VaultRecord.objects.all()}

    new, done = key_care.rotate(by=None, now=NOW)

    assert (new, done) == ("vault-2", 6)  # three contacts, a memo, a review, one gateway's secrets
    for row in VaultRecord.objects.select_related("shop"):
        assert (row.key_id, open_contact(row).phone) == ("vault-2", f"1380000000{row.customer_id}")
        assert bytes(row.sealed) != before[row.pk]
    assert open_order_text(OrderText.objects.get()) == {"buyer_message": "放门口"}
    assert review_texts.words_of(shop, ["A1"]) == {("A1", "600001"): {"review_text": "手感软"}}
    assert Gateway.objects.get().key_id == "vault-2"
    assert [(key.key_id, key.is_current, key.records) for key in key_care.vault_keys()] == [
        ("vault-1", False, 0),
        ("vault-2", True, 6),
    ]
    assert KeyCheck.objects.filter(kind="vault").count() == 2
    acts = AuditEvent.objects.filter(act__startswith="keys.").order_by("pk")
    assert [(event.act, event.count) for event in acts] == [("keys.rotate", 0), ("keys.reseal", 6)]


def test_a_process_that_began_before_the_rotation_opens_what_was_sealed_after_it(shop: Shop) -> None:
    old = settings.PLACE.keys.read_text(encoding="utf-8")
    key_care.rotate(by=None, now=NOW)
    sealed, key_id = seal({"nick": "小圆"}, "a")
    new = settings.PLACE.keys.read_text(encoding="utf-8")
    settings.PLACE.keys.write_text(old, encoding="utf-8")
    assert list(keys().vault.keys) == ["vault-1"]  # as that process remembers the file
    settings.PLACE.keys.write_text(new, encoding="utf-8")
    assert open_sealed(sealed, key_id, "a") == {"nick": "小圆"}


def test_a_process_that_began_before_the_rotation_seals_with_the_new_key(shop: Shop) -> None:
    keys()  # as that process remembers the file
    key_care.add_vault_key(settings.PLACE.keys)
    assert seal({"nick": "小圆"}, "a")[1] == "vault-2"
    upload = uploads.store_upload(shop, SimpleUploadedFile("a.csv", b"x\r\n1\r\n"), by=None, now=NOW)
    assert (uploads.sealed_with("vault-2"), uploads.sealed_with("vault-1")) == (1, 0)
    uploads.forget(upload)


def test_a_record_that_changes_meanwhile_keeps_its_writers_content(shop: Shop) -> None:
    key_care.add_vault_key(settings.PLACE.keys)
    store_contacts(shop, [Contact(1, phone="13900000009", seen_micros=10**15)])
    row = VaultRecord.objects.get(customer_id=1)
    assert row.key_id == "vault-2"
    assert key_care.seal_anew(by=None, now=NOW) == 5
    row.refresh_from_db()
    assert (row.key_id, open_contact(row).phone) == ("vault-2", "13900000009")


def test_a_key_goes_only_when_nothing_is_sealed_with_it(shop: Shop) -> None:
    upload = uploads.store_upload(shop, SimpleUploadedFile("a.csv", b"x,y\r\n1,2\r\n"), by=None, now=NOW)
    with pytest.raises(KeyFileError, match="vault-1 正在用"):
        key_care.drop("vault-1", by=None, now=NOW)
    key_care.rotate(by=None, now=NOW)
    with pytest.raises(key_care.StillInUse) as refused:
        key_care.drop("vault-1", by=None, now=NOW)
    assert refused.value.counts == {"uploads": 1}
    uploads.forget(upload)
    with pytest.raises(KeyFileError, match="没有 vault-7，有：vault-1、vault-2"):
        key_care.drop("vault-7", by=None, now=NOW)
    key_care.drop("vault-1", by=None, now=NOW)
    assert list(keys().vault.keys) == ["vault-2"]
    assert open_contact(VaultRecord.objects.get(customer_id=2)).phone == "13800000002"


def test_the_key_file_is_copied_owner_only_and_never_over_another_file(shop: Shop, tmp_path: Path) -> None:
    target = tmp_path / "钥匙.json"
    key_care.export(target, by=None, now=NOW)
    assert json.loads(target.read_text(encoding="utf-8")) == json.loads(
        settings.PLACE.keys.read_text(encoding="utf-8")
    )
    if sys.platform != "win32":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
    with pytest.raises(KeyFileError, match="已有文件，不覆盖"):
        key_care.export(target, by=None, now=NOW)
    assert [event.act for event in AuditEvent.objects.filter(act="keys.export")] == ["keys.export"]


def test_two_changes_of_the_keys_never_run_at_once(shop: Shop) -> None:
    before = settings.PLACE.keys.read_bytes()
    with changing_keys(settings.PLACE.keys):
        for change in (
            lambda: key_care.rotate(by=None, now=NOW),
            lambda: key_care.seal_anew(by=None, now=NOW),
            lambda: key_care.drop("vault-1", by=None, now=NOW),
        ):
            with pytest.raises(KeyFileError, match="另一处正在换钥匙"):
                change()
    assert settings.PLACE.keys.read_bytes() == before
    assert not AuditEvent.objects.filter(act__startswith="keys.").exists()
    assert key_care.rotate(by=None, now=NOW)[0] == "vault-2"


def test_a_key_does_not_go_while_a_job_runs_that_may_have_begun_with_it(shop: Shop) -> None:
    key_care.rotate(by=None, now=NOW)
    job = Job.objects.create(shop=shop, kind="import", state=JobState.RUNNING, created_at=NOW)
    with pytest.raises(key_care.StillInUse) as refused:
        key_care.drop("vault-1", by=None, now=NOW)
    assert refused.value.counts == {"jobs": 1}
    assert list(keys().vault.keys) == ["vault-1", "vault-2"]
    job.delete()
    key_care.drop("vault-1", by=None, now=NOW)
    assert list(keys().vault.keys) == ["vault-2"]


def test_a_key_comes_back_when_something_was_sealed_with_it_while_it_went(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Sealer()  # began before the change
    key_care.rotate(by=None, now=NOW)
    row = VaultRecord.objects.get(customer_id=1)
    bound = bound_to(row.shop_id, row.customer_id)
    text = open_text(bytes(row.sealed), row.key_id, bound)

    def written_meanwhile(path: Path, key_id: str) -> None:
        VaultRecord.objects.filter(pk=row.pk).update(sealed=slow.seal(text, bound), key_id=slow.key_id)
        drop_vault_key(path, key_id)

    monkeypatch.setattr(key_care, "drop_vault_key", written_meanwhile)
    with pytest.raises(key_care.StillInUse):
        key_care.drop("vault-1", by=None, now=NOW)
    assert list(keys().vault.keys) == ["vault-1", "vault-2"]
    row.refresh_from_db()
    assert (row.key_id, open_contact(row).phone) == ("vault-1", "13800000001")
    assert not AuditEvent.objects.filter(act="keys.drop").exists()
