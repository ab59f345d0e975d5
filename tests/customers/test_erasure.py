"""Erasing a person, step by step: what goes at once, what waits, what the facts say afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from laoke.customers import consent, erasure, names, review_texts, tags
from laoke.customers.erasure import ErasureRefused, Messages
from laoke.customers.identities import resolve
from laoke.customers.links import customers_of
from laoke.customers.models import (
    Consent,
    ContactIndex,
    Customer,
    Erasure,
    Identity,
    NamePart,
    OptOut,
    OrderText,
    PersonCard,
    PersonTag,
    ReviewText,
    Tombstone,
    VaultRecord,
)
from laoke.customers.profiles import records_of
from laoke.customers.vault import open_contact, store_contacts
from laoke.shops import catalog

if TYPE_CHECKING:
    from tests.people import Demo

pytestmark = pytest.mark.django_db


class FakeMessages:
    """What the packages above would do, noted."""

    def __init__(self) -> None:
        self.suppressed: list[int] = []
        self.wiped: list[int] = []
        self.renumbered: dict[int, int] = {}
        self.open = False

    def known(self) -> Messages:
        return Messages(self._suppress, lambda people: self.open, self._wipe, self._renumber)

    def _suppress(self, people: Sequence[int], now: datetime) -> int:
        self.suppressed += people
        return len(people)

    def _wipe(self, people: Sequence[int], now: datetime) -> int:
        self.wiped += people
        return len(people)

    def _renumber(self, aliases: dict[int, int]) -> int:
        self.renumbered |= aliases
        return len(aliases)


@pytest.fixture
def above() -> FakeMessages:
    return FakeMessages()


@pytest.fixture
def person(demo: Demo) -> int:
    """Somebody with a consent, a tag, a card, a review and orders."""
    found: int = Consent.objects.order_by("person_id").values_list("person_id", flat=True)[0]
    tags.set_tag(tags.make_tag(demo.shop, "爱晒图", now=demo.now), [found], by=None, now=demo.now)
    tags.set_card(demo.shop, found, now=demo.now, importance=4)
    review_texts.keep(
        demo.shop, [review_texts.Words("R-1", "600001", 1, {"review_text": "我是小圆，手感软"}, found)]
    )
    return found


def begin(demo: Demo, person: int, above: FakeMessages) -> Erasure:
    return erasure.request_erasure(demo.shop, person, by=demo.owner, now=demo.now, messages=above.known())


def rows_of(demo: Demo, table: str, column: str, number: int) -> int:
    from laoke.warehouse.engine import Reader

    entry = catalog.current()
    assert entry is not None
    reader = Reader(demo.place.warehouse, entry.versions)
    return int(reader.rows(f"SELECT count(*) AS n FROM {table} WHERE {column} = $n", {"n": number})[0]["n"])


def test_asking_buries_every_key_and_stops_messages_at_once(
    demo: Demo, person: int, above: FakeMessages
) -> None:
    nick = open_contact(records_of(demo.shop, [person])[0]).nick
    row = begin(demo, person, above)
    assert above.suppressed == [person, person]
    assert row.messages_suppressed_at == demo.now and row.vault_deleted_at is None
    assert set(Identity.objects.filter(customer_id=person).values_list("digest", flat=True)) <= set(
        Tombstone.objects.values_list("digest", flat=True)
    )
    assert resolve(demo.shop, [(("nick", nick),)], now=demo.now).ids == [None]


def test_asking_twice_is_one_erasure(demo: Demo, person: int, above: FakeMessages) -> None:
    assert begin(demo, person, above).pk == begin(demo, person, above).pk
    assert Erasure.objects.count() == 1


def test_nobody_of_that_number_is_refused(demo: Demo, above: FakeMessages) -> None:
    with pytest.raises(ErasureRefused) as found:
        begin(demo, 12345, above)
    assert found.value.code == "unknown"


def test_without_anything_that_stops_messages_nothing_is_erased(
    demo: Demo, person: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(erasure, "_registered", [])
    with pytest.raises(ErasureRefused) as found:
        erasure.request_erasure(demo.shop, person, by=demo.owner, now=demo.now)
    assert found.value.code == "not_ready"
    assert Tombstone.objects.count() == 0 and Erasure.objects.count() == 0


def test_when_suppressing_fails_nobody_is_buried(demo: Demo, person: int) -> None:
    def broken(people: Sequence[int], now: datetime) -> int:
        raise RuntimeError("the ledger is busy")

    with pytest.raises(RuntimeError):
        erasure.request_erasure(
            demo.shop, person, by=demo.owner, now=demo.now,
            messages=Messages(broken, lambda people: False, broken, len),
        )  # fmt: skip
    assert Tombstone.objects.count() == 0 and Erasure.objects.count() == 0


def test_records_wait_for_open_attempts(demo: Demo, person: int, above: FakeMessages) -> None:
    begin(demo, person, above)
    above.open = True
    assert erasure.delete_records(now=demo.now, messages=above.known()) == 0
    assert VaultRecord.objects.filter(customer_id=person).exists()


def test_records_tags_cards_consents_and_keys_go_when_nothing_is_under_way(
    demo: Demo, person: int, above: FakeMessages
) -> None:
    others = VaultRecord.objects.exclude(customer_id=person).count()
    begin(demo, person, above)
    assert erasure.delete_records(now=demo.now, messages=above.known()) == 1
    for by_customer in (VaultRecord, ContactIndex, OrderText, ReviewText, Identity):
        assert not by_customer.objects.filter(customer_id=person).exists(), by_customer
    for by_person in (PersonTag, PersonCard, Consent):
        assert not by_person.objects.filter(person_id=person).exists(), by_person
    assert VaultRecord.objects.count() == others
    assert above.wiped == [person, person]
    assert Erasure.objects.get().vault_deleted_at == demo.now
    assert erasure.delete_records(now=demo.now, messages=above.known()) == 0


def test_a_refused_number_stays_refused_without_naming_anybody(
    demo: Demo, person: int, above: FakeMessages
) -> None:
    digest = records_of(demo.shop, [person])[0].phone_digest
    consent.opt_out(
        demo.shop,
        "sms",
        now=demo.now,
        source="reply",
        person_id=person,
        contact_digest=digest,
        words="退订，我是小圆",
    )
    consent.opt_out(demo.shop, "email", now=demo.now, source="staff", person_id=person)
    begin(demo, person, above)
    erasure.delete_records(now=demo.now, messages=above.known())
    kept = OptOut.objects.get()
    assert (kept.person_id, kept.words, kept.contact_digest) == (None, "", digest)
    assert consent.refused_contacts(demo.shop.pk, "sms", [str(digest)]) == {digest: "opted_out"}


def test_what_an_import_sealed_after_the_records_were_deleted_goes_with_the_facts(
    demo: Demo, person: int, above: FakeMessages
) -> None:
    """It looked the person up before they asked, and came to their contacts after step 2."""
    contact = open_contact(records_of(demo.shop, [person])[0])
    begin(demo, person, above)
    erasure.delete_records(now=demo.now, messages=above.known())
    store_contacts(demo.shop, [contact])
    while names.index_waiting():
        pass
    PersonTag.objects.create(
        tag=tags.make_tag(demo.shop, "晚到", now=demo.now), person_id=person, created_at=demo.now
    )
    assert VaultRecord.objects.filter(customer_id=person).exists()
    erasure.rewrite_facts(demo.place, now=demo.now, messages=above.known())
    for by_customer in (VaultRecord, ContactIndex, NamePart):
        assert not by_customer.objects.filter(customer_id=person).exists(), by_customer
    assert not PersonTag.objects.filter(person_id=person).exists()


def test_the_facts_get_one_random_number_and_keep_their_sums(
    demo: Demo, person: int, above: FakeMessages
) -> None:
    orders = rows_of(demo, "orders", "customer_id", person)
    before = catalog.current()
    begin(demo, person, above)
    assert erasure.rewrite_facts(demo.place, now=demo.now, messages=above.known()) is None, "records first"
    erasure.delete_records(now=demo.now, messages=above.known())
    entry = erasure.rewrite_facts(demo.place, now=demo.now, random=lambda below: 77, messages=above.known())
    assert entry is not None and before is not None and entry.pk > before.pk
    assert rows_of(demo, "orders", "customer_id", person) == 0
    assert rows_of(demo, "orders", "customer_id", 2**62 + 77) == orders > 0
    assert rows_of(demo, "customer_features", "person_id", person) == 0
    assert rows_of(demo, "customer_features", "person_id", 2**62 + 77) > 0
    assert customers_of(demo.shop, person) == [] and not Customer.objects.filter(pk=person).exists()
    assert Erasure.objects.get().facts_rewritten_at == demo.now
    assert Erasure.objects.get().numbers == [person]
    assert above.renumbered == {person: 2**62 + 77}
    assert erasure.rewrite_facts(demo.place, now=demo.now, messages=above.known()) is None


def test_what_is_left_of_a_buyer_says_nothing_of_contacts(
    demo: Demo, person: int, above: FakeMessages
) -> None:
    from laoke.warehouse.engine import Reader

    begin(demo, person, above)
    erasure.delete_records(now=demo.now, messages=above.known())
    entry = erasure.rewrite_facts(demo.place, now=demo.now, random=lambda below: 77, messages=above.known())
    assert entry is not None
    [row] = Reader(demo.place.warehouse, entry.versions).rows(
        "SELECT * FROM customers WHERE customer_id = $n", {"n": 2**62 + 77}
    )
    assert (row["has_nick"], row["has_phone"], row["phone_state"], row["birthday"]) == (
        False,
        False,
        "none",
        "",
    )


def test_a_person_of_two_customers_becomes_one_number(demo: Demo, above: FakeMessages) -> None:
    from laoke.customers.identities import join

    first, second = Consent.objects.order_by("person_id").values_list("person_id", flat=True)[:2]
    join(demo.shop, first, second, reason="phone", now=demo.now)
    both = rows_of(demo, "orders", "customer_id", first) + rows_of(demo, "orders", "customer_id", second)
    begin(demo, first, above)
    erasure.delete_records(now=demo.now, messages=above.known())
    erasure.rewrite_facts(demo.place, now=demo.now, random=lambda below: 77, messages=above.known())
    assert rows_of(demo, "orders", "customer_id", 2**62 + 77) == both > 1
    assert rows_of(demo, "customers", "customer_id", 2**62 + 77) == 1


def rewritten(demo: Demo, person: int, above: FakeMessages) -> datetime:
    begin(demo, person, above)
    later = demo.now + timedelta(days=1)
    erasure.delete_records(now=later, messages=above.known())
    erasure.rewrite_facts(demo.place, now=later, messages=above.known())
    return later


def over(demo: Demo, at: datetime) -> int:
    return erasure.finish(demo.place, now=at, retention_from=at - timedelta(days=7), random=lambda below: 55)


def test_it_is_over_when_no_kept_version_names_them(demo: Demo, person: int, above: FakeMessages) -> None:
    later = rewritten(demo, person, above)
    assert over(demo, later) == 0
    assert over(demo, later + timedelta(days=8)) == 1
    done = Erasure.objects.get()
    assert (done.vacuumed_at, done.numbers) == (later + timedelta(days=8), [])
    assert over(demo, later + timedelta(days=9)) == 0


def test_a_pinned_version_keeps_its_sums_under_another_number(
    demo: Demo, person: int, above: FakeMessages
) -> None:
    from laoke.warehouse.engine import Reader

    entry = catalog.current()
    assert entry is not None
    catalog.pin(entry.pk)
    sums = "SELECT count(*) AS n, sum(paid_cents) AS cents, count(DISTINCT customer_id) AS people FROM orders"
    orders, before = (
        rows_of(demo, "orders", "customer_id", person),
        Reader(demo.place.warehouse, entry.versions).rows(sums),
    )
    later = rewritten(demo, person, above)

    assert over(demo, later + timedelta(days=60)) == 1

    pinned = Reader(demo.place.warehouse, entry.versions)
    assert pinned.rows(sums) == before
    for number, expected in ((person, 0), (2**62 + 55, orders)):
        counted = f"SELECT count(*) AS n FROM orders WHERE customer_id = {number}"
        assert pinned.rows(counted) == [{"n": expected}]


def test_a_file_that_is_held_open_is_tried_the_next_night(
    demo: Demo, person: int, above: FakeMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = rewritten(demo, person, above) + timedelta(days=8)
    files = sorted(demo.place.warehouse.rglob("*.parquet"))

    def held(path: Path, target: Path) -> None:
        raise PermissionError(13, "in use", str(target))

    with monkeypatch.context() as windows:
        windows.setattr(Path, "replace", held)
        assert over(demo, later) == 0
    assert sorted(demo.place.warehouse.rglob("*.parquet")) == files
    assert Erasure.objects.get().numbers == [person]
    assert over(demo, later) == 1


def test_one_package_after_the_other_forgets_all_whose_facts_are_rewritten(
    demo: Demo, above: FakeMessages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that each kind of lock is taken before the next one, also of two persons."""
    people = list(
        VaultRecord.objects.order_by("customer_id").values_list("customer_id", flat=True).distinct()[:2]
    )
    for person in people:
        begin(demo, person, above)
    erasure.delete_records(now=demo.now, messages=above.known())
    asked: list[tuple[str, int]] = []

    def noting(name: str) -> erasure.Forget:
        def forget(shop: object, traces: erasure.Traces, now: datetime) -> int:
            asked.append((name, traces.people[0]))
            return 0

        return forget

    monkeypatch.setattr(erasure, "_forgetters", {name: noting(name) for name in ("first", "second")})
    erasure.rewrite_facts(demo.place, now=demo.now + timedelta(hours=17), messages=above.known())

    assert asked == [(name, person) for name in ("first", "second") for person in people]
