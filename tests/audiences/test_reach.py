"""Reach: what the ledger says of a person on each channel, mirrored and laid over, and the default without a row."""

from __future__ import annotations

from datetime import timedelta

import pytest

from laoke.audiences import counting, mirroring
from laoke.customers import consent, mirrors, tags
from laoke.customers.models import Consent, ConsentBasis, Customer, DeadContact, OptOut, VaultRecord
from laoke.shops import catalog, dirty
from laoke.shops.clock import parse_clock
from tests.audiences.world import NOW, TODAY, World

CLOCK = parse_clock(f"={NOW.isoformat(sep=' ', timespec='minutes')}")


def known(
    world: World, person: int, phone: str = "valid", *, customer: int | None = None, digest: str = ""
) -> None:
    """A customer of a person, with a sealed record."""
    number = customer or person
    Customer.objects.create(pk=number, owner=world.owner, person_id=person, created_at=NOW)
    VaultRecord.objects.create(
        customer_id=number, shop=world.shop, sealed=b"", key_id="k", phone_state=phone,
        phone_digest=digest or (f"p{number}" if phone == "valid" else None), content_digest="c", seen_at=NOW,
    )  # fmt: skip


def agreed(world: World, *people: int, channel: str = "sms", until: object = None) -> None:
    basis, _ = ConsentBasis.objects.get_or_create(
        shop=world.shop, channel=channel, role="owner",
        defaults={
            "wording": "同意接收短信", "wording_version": "1", "collected_from": TODAY, "collected_to": TODAY,
            "proof": "会员协议", "declared_by": world.user, "declared_at": NOW,
        },
    )  # fmt: skip
    for person in people:
        Consent.objects.create(
            shop=world.shop, person_id=person, channel=channel, basis=basis, given_at=NOW, expires_on=until
        )
    dirty.mark(world.shop.pk, "customer_reach", people)


def reasons(world: World, *people: int, channel: str = "sms") -> dict[int, tuple[str, bool]]:
    rows = mirrors.reach_rows(world.shop, people, TODAY).to_pylist()
    return {row["person_id"]: (row["reason"], row["consented"]) for row in rows if row["channel"] == channel}


def test_reasons_come_in_a_fixed_order(world: World) -> None:
    for person, phone in enumerate(
        ("valid", "valid", "valid", "valid", "masked", "invalid", "none", "valid"), start=1
    ):
        known(world, person, phone)
    agreed(world, 1, 2, 3, 4, 5, 6, 7)
    Consent.objects.filter(person_id=4).update(expires_on=TODAY - timedelta(days=1))
    consent.opt_out(world.shop, "sms", now=NOW, source="reply", person_id=2)
    picky = tags.make_tag(world.shop, "挑剔", now=NOW, suppresses=True)
    tags.set_tag(picky, [2, 3, 8], by=world.user, now=NOW, reason="多次恶意退货")
    assert reasons(world, *range(1, 10)) == {
        1: ("", True), 2: ("opted_out", False), 3: ("tag", True), 4: ("consent_expired", False),
        5: ("masked", True), 6: ("invalid", True), 7: ("no_contact", True), 8: ("tag", False),
    }  # fmt: skip


def test_reach_is_of_marketing_and_profiling_may_be_refused_by_itself(world: World) -> None:
    for person in (1, 2, 3, 4, 5):
        known(world, person)
    agreed(world, 1, 2, 3, 4)
    Consent.objects.filter(person_id=4).update(purpose="care")
    for person, purpose in ((1, "care"), (2, "profiling"), (3, "marketing"), (5, "profiling")):
        consent.opt_out(world.shop, "sms", purpose=purpose, now=NOW, source="staff", person_id=person)
    assert reasons(world, 1, 2, 3, 4, 5) == {
        1: ("", True), 2: ("no_profiling", True), 3: ("opted_out", False), 4: ("no_consent", False),
        5: ("no_profiling", False),
    }  # fmt: skip
    for person in (1, 2, 3, 4, 5):
        asked = consent.refused(world.shop.pk, "sms", [person], TODAY).get(person, "")
        assert asked == reasons(world, person)[person][0]


def test_a_number_whose_owner_will_not_be_picked_keeps_marketing_away(world: World) -> None:
    known(world, 1, digest="a")
    agreed(world, 1)
    consent.opt_out(world.shop, "sms", purpose="profiling", now=NOW, source="reply", contact_digest="a")
    assert reasons(world, 1) == {1: ("no_profiling", True)}


def test_a_dead_number_counts_only_when_there_is_no_other(world: World) -> None:
    known(world, 1, digest="dead")
    known(world, 2, digest="dead")
    known(world, 2, customer=12, digest="alive")
    agreed(world, 1, 2)
    DeadContact.objects.create(channel="sms", contact_digest="dead", reason="EMPTY", at=NOW)
    assert reasons(world, 1, 2) == {1: ("dead_contact", True), 2: ("", True)}


def test_one_refused_number_refuses_the_person(world: World) -> None:
    known(world, 1, digest="a")
    known(world, 1, customer=11, digest="b")
    agreed(world, 1)
    OptOut.objects.create(shop=world.shop, channel="sms", contact_digest="b", source="reply", at=NOW)
    assert reasons(world, 1) == {1: ("opted_out", False)}


def test_a_list_goes_to_people_without_a_number_when_they_agreed(world: World) -> None:
    known(world, 1, "none")
    agreed(world, 1, channel="handover")
    assert reasons(world, 1, channel="handover") == {1: ("", True)}
    assert reasons(world, 1, channel="sms") == {1: ("no_contact", False)}


def test_nothing_decided_is_no_row(world: World) -> None:
    known(world, 1)
    assert mirrors.reach_rows(world.shop, [1, 2], TODAY).num_rows == 0
    assert mirrors.decided_people(world.shop) == []


def customer(number: int, phone: str) -> dict[str, object]:
    return {
        "customer_id": number, "first_seen": NOW, "province": "", "city": "", "level": "", "birthday": "",
        "has_nick": True, "has_phone": phone != "none", "has_email": False, "phone_state": phone, "import_id": 1,
    }  # fmt: skip


def test_those_without_a_row_are_unreachable_for_the_reason_that_the_facts_give(world: World) -> None:
    for person in (1, 2, 3):
        known(world, person)
    world.load(
        [], customers=[customer(n, s) for n, s in enumerate(("valid", "valid", "masked", "none"), start=1)]
    )
    agreed(world, 1)
    sms = counting.breakdown(world.shop, "everyone", TODAY).reach[0]
    assert (sms.channel, sms.reachable) == ("sms", 1)
    assert sms.reasons == {"no_consent": 1, "masked": 1, "no_contact": 1}
    assert counting.count(world.shop, "reachable(sms)", TODAY).n == 1
    assert counting.count(world.shop, "not reachable(sms)", TODAY).n == 3
    assert counting.count(world.shop, "has(phone)", TODAY).n == 3


@pytest.fixture
def three(world: World) -> World:
    for person in (1, 2, 3):
        known(world, person)
    world.buyers(1, 2, 3)
    agreed(world, 1, 2, 3)
    return world


def test_the_mirror_written_says_what_the_overlay_said(three: World) -> None:
    before = catalog.current()
    assert counting.count(three.shop, "consent(sms)", TODAY).n == 3
    assert mirroring.write_mirrors(three.shop, three.warehouse, CLOCK)
    entry = catalog.current()
    assert entry.pk > before.pk and entry.mirrors_revision == before.mirrors_revision + 1
    assert dirty.waiting("customer_reach", three.shop.pk) == []
    assert counting.count(three.shop, "consent(sms)", TODAY).n == 3
    assert not mirroring.write_mirrors(three.shop, three.warehouse, CLOCK)
    consent.opt_out(three.shop, "sms", now=NOW, source="reply", person_id=2)
    assert counting.count(three.shop, "reachable(sms)", TODAY).n == 2


def test_a_mark_that_came_meanwhile_stays(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    published = mirroring._publish

    def late(versions: dict[str, int], marks: list, clock: object) -> object:
        consent.opt_out(three.shop, "sms", now=NOW, source="reply", person_id=1)
        return published(versions, marks, clock)

    monkeypatch.setattr(mirroring, "_publish", late)
    mirroring.write_mirrors(three.shop, three.warehouse, CLOCK)
    assert [key for _pk, _shop, key, _revision in dirty.waiting("customer_reach", three.shop.pk)] == ["1"]
    assert counting.count(three.shop, "reachable(sms)", TODAY).n == 2


def test_a_write_cut_short_before_publishing_is_done_again(
    three: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mirroring, "_publish", killed)
        with pytest.raises(KeyboardInterrupt):
            mirroring.write_mirrors(three.shop, three.warehouse, CLOCK)
    assert counting.count(three.shop, "reachable(sms)", TODAY).n == 3
    consent.opt_out(three.shop, "sms", now=NOW, source="reply", person_id=3)
    assert mirroring.write_mirrors(three.shop, three.warehouse, CLOCK)
    assert dirty.waiting("customer_reach", three.shop.pk) == []
    assert counting.count(three.shop, "reachable(sms)", TODAY).n == 2


def test_a_consent_that_runs_out_leaves_by_itself(three: World) -> None:
    Consent.objects.filter(person_id=2).update(expires_on=TODAY)
    mirroring.write_mirrors(three.shop, three.warehouse, CLOCK)
    assert counting.count(three.shop, "reachable(sms)", TODAY).n == 3
    tomorrow = parse_clock(f"={(NOW + timedelta(days=1)).isoformat(sep=' ', timespec='minutes')}")
    assert mirroring.write_mirrors(three.shop, three.warehouse, tomorrow)
    assert counting.count(three.shop, "reachable(sms)", tomorrow.today()).n == 2


def test_everything_mirrored_anew_equals_the_ledger(three: World) -> None:
    tag = tags.make_tag(three.shop, "晒单", now=NOW)
    tags.set_tag(tag, [1], by=three.user, now=NOW)
    dirty.clear(dirty.waiting("customer_tags", three.shop.pk))
    touched = {(2, "sms"): mirrors.Touched(TODAY.toordinal() - 719163, 1, 2)}
    mirroring.mirror_everything(three.shop, three.warehouse, CLOCK, lambda *_given: touched)
    assert counting.count(three.shop, 'tag("晒单") and reachable(sms)', TODAY).n == 1
    rows = three.warehouse.reader().rows(
        "SELECT person_id, touches_30 FROM customer_reach WHERE touches_30 > 0"
    )
    assert rows == [{"person_id": 2, "touches_30": 2}]


def test_touch_counts_are_counted_anew_the_next_day(three: World) -> None:
    asked: list[object] = []

    def touches_of(shop: object, people: object, today: object) -> dict:
        asked.append(people)
        return {(1, "sms"): mirrors.Touched(20_400, 1, 1)} if len(asked) == 1 else {}

    mirroring.write_mirrors(three.shop, three.warehouse, CLOCK, touches_of)
    tomorrow = parse_clock(f"={(NOW + timedelta(days=31)).isoformat(sep=' ', timespec='minutes')}")
    assert mirroring.write_mirrors(three.shop, three.warehouse, tomorrow, touches_of)
    assert asked == [[1, 2, 3], [1]]
    assert three.warehouse.reader().rows("SELECT 1 FROM customer_reach WHERE touches_30 > 0") == []
