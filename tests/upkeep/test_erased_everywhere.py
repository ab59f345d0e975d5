"""A person who has been everywhere is erased; then every row of the database and every file of the home is searched.

What may still hold something, and why: tombstones and refusals keep digests, so that the person is not taken in or
written to again; the erasure's own row and audit rows keep the number, which nothing else holds any more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from django.apps import apps
from django.db import connection

from laoke.audiences.snapshots import freeze, read_snapshot
from laoke.config import upkeep
from laoke.config.mirroring import write_all_mirrors
from laoke.customers import consent, erasure, names, notes, tags
from laoke.customers.attaching import attach
from laoke.customers.models import (
    ContactIndex,
    Customer,
    DeadContact,
    Erasure,
    Identity,
    NamePart,
    PersonChange,
    VaultRecord,
)
from laoke.customers.sealing import seal
from laoke.customers.vault import Contact, open_contact, store_contacts
from laoke.dispatch import occasions
from laoke.dispatch.gateways import make_loopback_gateway
from laoke.dispatch.handover import file_path, hand_over
from laoke.dispatch.inbox import event_bound_to, reply_bound_to
from laoke.dispatch.models import Attempt, Batch, HandoverFile, Message, ProviderEvent, Reply
from laoke.dispatch.planning import PlannedPerson, all_treated, plan_occasion
from laoke.groups import members
from laoke.intake.loading.quarantine import put_aside
from laoke.intake.models import ImportRun, QuarantinedRow
from laoke.intake.reading.batches import QuarantinedRow as PutAside
from laoke.promotions.coupons import calls
from laoke.promotions.coupons.bodies import Caller
from laoke.promotions.rewards import lotteries, lottery_draws, points, points_calls, referrals
from laoke.promotions.rewards.points_scheme import Terms, set_scheme
from laoke.service import cases
from laoke.shops import catalog
from laoke.shops.setup import add_shop
from laoke.shops.tokens import make_token
from laoke.warehouse.engine import Reader
from tests.people import Demo
from tests.promotions_rows.lottery_shop import rules
from tests.promotions_rows.points_shop import RULE

pytestmark = pytest.mark.django_db

# (table, column) that may keep the number or a digest.
KEPT = {
    ("customers_tombstone", "digest"),
    ("customers_optout", "contact_digest"),
    ("customers_erasure", "person_id"),
    ("shops_auditevent", "subject"),
}
PHONE, NICK, OUID = "10099887766", "雪夜访戴的小船", "OUerased0000000000000001"


def seen_in_rows(needles: set[str]) -> set[tuple[str, str]]:
    """Every (table, column) in which one of the texts stands, in clear or as bytes."""
    found = set()
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            cursor.execute(f'SELECT * FROM "{table}"')
            columns = [column[0] for column in cursor.description]
            for row in cursor:
                for name, value in zip(columns, row, strict=True):
                    if any(needle in _text(value) for needle in needles):
                        found.add((table, name))
    return found


def _text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def seen_in_files(home: Path, needles: set[str], number: int) -> list[str]:
    """Every file below the home in which a text stands; Parquet files are read, because they are packed."""
    found = []
    for path in sorted(home.rglob("*")):
        if not path.is_file():
            continue
        packed = path.suffix == ".parquet" and "_delta_log" not in path.parts and _holds(path, number)
        if packed or any(needle in content for content in _contents(path) for needle in needles):
            found.append(path.relative_to(home).as_posix())
    return found


def _contents(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    yield raw.decode("utf-8", "replace")
    if path.suffix == ".xlsx":
        import zipfile

        with zipfile.ZipFile(path) as book:
            for name in book.namelist():
                yield book.read(name).decode("utf-8", "replace")


def _holds(path: Path, number: int) -> bool:
    with pq.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if name in ("customer_id", "person_id")]
        table = file.read(columns=names)
    return any(number in set(table[name].to_pylist()) for name in names)


@pytest.fixture
def everywhere(demo: Demo) -> int:
    """Somebody with orders, contacts, a tag, a card, consents, two messages, a reply, reports, a list, a snapshot."""
    from laoke.customers.models import Consent

    person: int = Consent.objects.order_by("person_id").values_list("person_id", flat=True)[0]
    shop, now = demo.shop, demo.now
    store_contacts(
        shop,
        [
            Contact(
                person, nick=NICK, phone=PHONE, ouid=OUID, email="boat@example.com", seen_micros=2 * 10**15
            )
        ],
    )
    tags.set_tag(tags.make_tag(shop, "爱晒图", now=now), [person], by=None, now=now)
    tags.set_card(shop, person, now=now, importance=4)
    consent.declare(
        shop,
        consent.Declaration(
            channel="handover", role="seller", wording="我同意接收优惠信息", wording_version="1",
            collected_from=now.date(), collected_to=now.date(), proof="登记表",
        ),
        by=demo.owner, now=now, only=[person],
    )  # fmt: skip
    declared = consent.Declaration(
        channel="email", role="seller", wording="我同意接收优惠邮件", wording_version="1",
        collected_from=now.date(), collected_to=now.date(), proof=f"聊天截图 {NICK}",
    )  # fmt: skip
    consent.give(shop, person, declared, by=demo.owner, now=now)
    attach(shop, person, wecom="wmErased1", phone=PHONE, by=demo.owner, now=now)
    notes.add(shop, person, f"{NICK} 要送礼", by=demo.owner, now=now)
    group = members.make_group(shop, members.Draft("老客群", "vip", "wechat"), by=demo.owner, now=now)
    members.write_down(group, {person: members.Stay(now.date(), NICK[:10])}, by=demo.owner, now=now)
    case = cases.Draft("other", now + timedelta(days=1), f"{NICK} 打过电话 {PHONE}")
    cases.open_case(shop, person, case, by=demo.owner, now=now)
    while names.index_waiting():
        pass
    assert NamePart.objects.filter(customer_id=person).exists()
    assert PersonChange.objects.filter(person_id=person).exists()
    _rewards_in_another_shop(demo, person)
    write_all_mirrors(demo.place, now)
    freeze(shop, 'tag("爱晒图")', now=now, by=demo.owner)
    freeze(shop, "bought(1+)", now=now, by=demo.owner)
    _messages(demo, person)
    run = ImportRun.objects.filter(shop=shop).first()
    assert run is not None
    put_aside(
        run,
        [
            PutAside(line=7, raw_text=f'"A7","{NICK}","x"\n', reason_code="amount", params={}, cents=0),
            PutAside(line=8, raw_text='"A8","somebody else","x"\n', reason_code="amount", params={}, cents=0),
        ],
        now.date(),
    )
    return person


def _messages(demo: Demo, person: int) -> None:
    """A list that is handed over, a message that was sent with its report, a report of nobody's, a reply."""
    now = demo.now
    made: dict[str, Any] = {
        "kind": "round", "name": "名单", "channel": "handover", "not_before": now, "not_after": now + timedelta(days=1),
        "gateway": None, "signature": "", "body": "",
    }  # fmt: skip
    by_list = occasions.make_occasion(demo.shop, now=now, by=demo.owner, **made)
    plan_occasion(by_list, [PlannedPerson(person, person)], arms=all_treated, now=now)
    occasions.launch(by_list, by=demo.owner, now=now)
    [file] = hand_over(by_list, by=demo.owner, now=now, with_phone=True)
    assert file_path(file).is_file()
    gateway = make_loopback_gateway(demo.shop, now=now)
    sent = occasions.make_occasion(
        demo.shop, now=now, by=demo.owner, **{**made, "name": "短信", "channel": "sms", "gateway": gateway}
    )
    digest = ContactIndex.objects.filter(customer_id=person).values_list("digest", flat=True)[0]
    message = Message.objects.create(
        occasion=sent, person_id=person, customer_id=person, arm="treated", contact_digest=digest,
        state="delivered", due_at=now, sent_at=now,
    )  # fmt: skip
    batch = Batch.objects.create(
        occasion=sent, gateway=gateway, out_id="o1", worker="w", people=1, written_at=now, deadline=now
    )
    Attempt.objects.create(
        message=message, batch=batch, lease_token=1, sealed_recipient=b"sealed", key_id="vault-1", written_at=now,
        deadline=now, outcome="accepted",
    )  # fmt: skip
    for key, known in (("k1", message.pk), ("k2", None)):
        body, key_id = seal({"address": PHONE}, event_bound_to(gateway.pk, "receipt", key))
        ProviderEvent.objects.create(
            gateway=gateway, kind="receipt", event_key=key, sealed=body, key_id=key_id, received_at=now, applied_at=now,
            message_id=known,
        )  # fmt: skip
    text, key_id = seal({"text": f"我是{NICK}"}, reply_bound_to(demo.shop.pk))
    Reply.objects.create(
        shop=demo.shop, person_id=person, channel="sms", contact_mask="100****7766", sealed_text=text, key_id=key_id,
        is_opt_out=False, received_at=now,
    )  # fmt: skip
    DeadContact.objects.create(channel="sms", contact_digest=digest, reason="dead", at=now)
    consent.opt_out(
        demo.shop, "sms", now=now, source="reply", person_id=person, contact_digest=digest, words="退"
    )


def _rewards_in_another_shop(demo: Demo, person: int) -> None:
    """Points, a reservation, a draw, an invitation and something shared, all in a second shop of the owner."""
    now = demo.now
    shop = add_shop("二店", now=now, owner=demo.shop.owner, is_demo=True)
    set_scheme(shop, Terms(**RULE), by=None, now=now)
    token, _ = make_token(shop, name="商城", scopes=["points:earn"], days=9, by=None, now=now)
    body = {"customer": {"customer_id": str(person)}, "order_id": "Z-1", "paid_cents": 90_000}
    calls.once(Caller(token, now), "points.earn", "Z-1", b"{}", body, acts=points_calls.ACTS)
    points.reserve(shop, person, order_id="Z-2", points=100, payable_cents=10_000, now=now, by="t")
    wanted = rules(starts_at=now, ends_at=now + timedelta(days=9))
    lottery = lotteries.publish(lotteries.save_draft(shop, wanted, by=None, now=now), by=None, now=now)
    lottery_draws.draw(lottery, person, NICK, now=now, by="t")
    promised = referrals.Terms(((1, 1_000),), 15, like_points=1, most_likes_a_day=10)
    referrals.set_scheme(shop, promised, by=None, now=now)
    referrals.invite(shop, person, now=now)
    referrals.liked(shop, person, "S-1", 2, now=now, by="t")
    friend = Customer.objects.create(pk=7_001, owner=shop.owner, person_id=7_001, created_at=now)
    referrals.accept(shop, referrals.invite(shop, person, now=now).code, friend.pk, now=now)


def test_nothing_of_an_erased_person_is_left(
    demo: Demo, everywhere: int, django_capture_on_commit_callbacks: Any
) -> None:
    person, shop = everywhere, demo.shop
    [record, *_] = [
        one for one in VaultRecord.objects.filter(customer_id=person) if open_contact(one).nick == NICK
    ]
    digests = set(Identity.objects.filter(customer_id=person).values_list("digest", flat=True))
    digests |= set(ContactIndex.objects.filter(customer_id=person).values_list("digest", flat=True))
    digests |= {str(record.phone_digest), str(record.email_digest)}
    needles = {PHONE, NICK, OUID, "boat@example.com", str(person), *digests}
    assert len(seen_in_rows(needles)) > 15, "the search finds what is there"
    before = seen_in_files(demo.place.home, needles, person)
    mirrors = (f"warehouse/{name}/" for name in ("points_events", "lottery_draws", "referrals"))
    for part in (
        "warehouse/orders/", "warehouse/customer_features/", "exports/handover-", "snapshots/", *mirrors,
    ):  # fmt: skip
        assert any(path.startswith(part) for path in before), part
    entry = catalog.current()
    assert entry is not None and entry.pinned, "the snapshot pins the version it was taken from"
    sums = "SELECT count(*) AS n, sum(paid_cents) AS cents, count(DISTINCT customer_id) AS people FROM orders"
    counted = Reader(demo.place.warehouse, entry.versions).rows(sums)

    with django_capture_on_commit_callbacks(execute=True):
        erasure.request_erasure(shop, person, by=demo.owner, now=demo.now)
        assert erasure.delete_records(now=demo.now) == 1
    write_all_mirrors(demo.place, demo.now)
    assert erasure.rewrite_facts(demo.place, now=demo.now + timedelta(hours=17)) is not None
    night = demo.now + timedelta(days=3, hours=17)
    import time

    row = upkeep.run(demo.place, now=night, wall=time.time() + 4 * 86_400)

    assert row.result["erasures"] == 1
    course = Erasure.objects.get()
    assert (course.requested_at, course.messages_suppressed_at, course.vault_deleted_at) == (demo.now,) * 3
    assert (course.facts_rewritten_at, course.vacuumed_at) == (demo.now + timedelta(hours=17), night)
    assert seen_in_rows(needles) <= KEPT
    assert seen_in_files(demo.place.home, needles, person) == []
    assert Reader(demo.place.warehouse, entry.versions).rows(sums) == counted
    _what_stays(person)


def _what_stays(person: int) -> None:
    """What was counted still counts, and others lost nothing."""
    from laoke.audiences.models import Snapshot

    assert Message.objects.count() == 2 and Message.objects.filter(person_id=person).count() == 0
    assert len(set(Message.objects.values_list("person_id", flat=True))) == 1
    file = HandoverFile.objects.get()
    assert (file.people, len(file.sha256), file.path, file.forgotten_at is None) == (1, 64, "", False)
    assert list(QuarantinedRow.objects.values_list("line", flat=True)) == [8]
    alone, many = Snapshot.objects.order_by("pk")
    assert (alone.count, alone.erased, read_snapshot(alone).people.num_rows) == (1, 1, 0)
    assert (many.erased, read_snapshot(many).people.num_rows) == (1, many.count - 1)
    assert [bytes(event.sealed) for event in ProviderEvent.objects.all()] == [b"", b""]
    assert not Reply.objects.exists() and not DeadContact.objects.exists()
