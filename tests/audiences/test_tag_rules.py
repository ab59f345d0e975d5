"""Tags by rule: who fits has them, who no longer fits loses them, in bounded steps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from laoke.audiences import tag_rules
from laoke.audiences.models import Segment
from laoke.audiences.segments import archive_segment, save_segment
from laoke.audiences.tokens import FilterError
from laoke.audiences.tree import TreeError
from laoke.customers import tags
from laoke.customers.models import Customer, Erasure, PersonChange, PersonTag, Tag
from laoke.shops import bulk
from laoke.shops.models import AuditEvent
from tests.audiences.world import AS_OF, NOW, World
from tests.warehouse.shops import order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_left():
    tag_rules._left.clear()
    yield
    tag_rules._left.clear()


def bought(world: World, times: dict[int, int]) -> None:
    """So many orders of each person, each on a day of its own."""
    world.load(
        [
            order(f"o{person}-{n}", person, day=AS_OF - 10 - n)
            for person, count in times.items()
            for n in range(count)
        ]
    )


def ruled(world: World, text: str = "bought(2+)", name: str = "多次") -> Tag:
    tag = tags.make_tag(world.shop, name, now=NOW)
    return tag_rules.set_rule(tag, text, by=world.user, now=NOW)


def having(tag: Tag) -> list[int]:
    return sorted(PersonTag.objects.filter(tag=tag).values_list("person_id", flat=True))


def run(now=NOW) -> int:
    turns = 0
    while tag_rules.turn(now):
        turns += 1
        assert turns < 50
    return turns


def test_who_fits_has_it_with_source_and_history(world: World) -> None:
    bought(world, {1: 1, 2: 2, 3: 5})
    tag = ruled(world)
    assert having(tag) == []
    assert run() == 1
    assert having(tag) == [2, 3]
    assert set(PersonTag.objects.filter(tag=tag).values_list("source", "created_by")) == {("rule", None)}
    assert PersonChange.objects.filter(tag=tag, act="tag_on", source="rule").count() == 2
    tag.refresh_from_db()
    assert tag.ruled_at == NOW and tag.ruled_catalog is not None


def test_a_changed_rule_takes_it_off_who_no_longer_fits(world: World) -> None:
    bought(world, {1: 1, 2: 2, 3: 5})
    tag = ruled(world)
    run()
    tag_rules.set_rule(tag, "bought(3+)", by=world.user, now=NOW)
    run()
    assert having(tag) == [3]
    assert PersonChange.objects.filter(tag=tag, act="tag_off").values_list("person_id", flat=True)[0] == 2


def test_steps_are_bounded_and_go_on_where_they_stood(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tag_rules, "STEP", 3)
    bought(world, dict.fromkeys(range(1, 9), 2))
    tag = ruled(world)
    sizes = []
    while tag_rules.turn(NOW):
        sizes.append(len(having(tag)))
    assert sizes == [3, 6, 8] and having(tag) == list(range(1, 9))
    tag_rules.set_rule(tag, "bought(9+)", by=world.user, now=NOW)
    assert tag_rules.turn(NOW) and len(having(tag)) == 5
    tag_rules._left.clear()  # the worker was killed: the comparison is made anew
    run()
    assert having(tag) == []


def test_a_worker_that_is_to_stop_stops_between_two_pieces(world: World) -> None:
    bought(world, {1: 2, 2: 2})
    tag = ruled(world)
    assert tag_rules.turn(NOW, lambda: True)
    assert having(tag) == []
    run()
    assert having(tag) == [1, 2]


def test_it_rests_until_the_facts_or_the_day_change(world: World) -> None:
    bought(world, {1: 1, 2: 2})
    tag = ruled(world)
    assert run() == 1 and run() == 0
    assert run(NOW + timedelta(minutes=11)) == 0, "nothing new to look at"
    assert run(NOW + timedelta(days=1)) == 1
    assert having(tag) == [2]


def test_people_cannot_change_a_tag_that_has_a_rule_until_it_is_dropped(world: World) -> None:
    bought(world, {1: 1, 2: 2})
    tag = ruled(world)
    run()
    for change in (tags.set_tag, tags.unset_tag):
        with pytest.raises(tags.TagRefused) as refused:
            change(tag, [1], by=world.user, now=NOW)
        assert refused.value.code == "ruled"
    tag_rules.drop_rule(tag, by=world.user, now=NOW)
    assert tags.set_tag(tag, [1], by=world.user, now=NOW) == 1
    assert having(tag) == [1, 2] and run() == 0


def test_rules_that_cannot_be_are_refused(world: World) -> None:
    ruled(world, name="甲")
    by_hand = tags.make_tag(world.shop, "手工", now=NOW)
    tags.set_tag(by_hand, [1], by=world.user, now=NOW)
    away = tags.make_tag(world.shop, "别打扰", now=NOW, suppresses=True)
    new = tags.make_tag(world.shop, "乙", now=NOW)
    for tag, text, code in (
        (by_hand, "bought", "has_people"),
        (away, "bought", "suppresses"),
        (new, 'tag("甲")', "builds_on"),
        (new, 'not (bought or tag("乙"))', "circle"),
    ):
        with pytest.raises(tag_rules.RuleRefused) as refused:
            tag_rules.set_rule(tag, text, by=world.user, now=NOW)
        assert refused.value.code == code
        assert Tag.objects.get(pk=tag.pk).rule == ""
    with pytest.raises(FilterError):
        tag_rules.set_rule(new, "bought(", by=world.user, now=NOW)
    built_on = tags.make_tag(world.shop, "丙", now=NOW)
    tag_rules.set_rule(new, 'tag("丙")', by=world.user, now=NOW)
    with pytest.raises(tag_rules.RuleRefused):
        tag_rules.set_rule(built_on, "bought", by=world.user, now=NOW)


def test_a_rule_that_can_no_longer_be_read_says_so_and_changes_nobody(world: World) -> None:
    bought(world, {1: 2})
    tag = ruled(world)
    run()
    Tag.objects.filter(pk=tag.pk).update(rule="gone_word(1)", ruled_at=None)
    assert run() == 0
    tag.refresh_from_db()
    assert tag.rule_error and having(tag) == [1]


def test_a_rule_on_customer_value_waits_for_it_and_takes_the_tag_off_nobody(world: World) -> None:
    bought(world, {1: 1, 2: 2})
    tag = ruled(world, "bought(2+)")
    assert run() == 1 and having(tag) == [2]
    tag_rules.set_rule(tag, "expected_orders(>= 0.5, within 30d)", by=world.user, now=NOW)
    assert run() == 0 and having(tag) == [2]
    assert Tag.objects.get(pk=tag.pk).rule_error == ""
    world.value({1: 0.6, 2: 0.2})
    assert run() == 1 and having(tag) == [1]


def test_a_rule_on_a_segment_that_is_gone_says_so_and_changes_nobody(world: World) -> None:
    bought(world, {1: 1, 2: 2})
    named = save_segment(world.shop, "老朋友", "bought(2+)", by=world.user, now=NOW)
    tag = ruled(world, 'segment("老朋友")')
    named.delete()
    assert run() == 0 and having(tag) == []
    assert Tag.objects.get(pk=tag.pk).rule_error == "segment_missing: 老朋友"


def test_rules_are_audited(world: World) -> None:
    tag = ruled(world)
    tag_rules.drop_rule(tag, by=world.user, now=NOW)
    assert [row.detail["rule"] for row in AuditEvent.objects.filter(act="tag.rule").order_by("pk")] == [
        "bought(2+)",
        "",
    ]


def test_before_the_first_import_nothing_is_done(world: World) -> None:
    ruled(world)
    assert not tag_rules.turn(NOW)


def test_a_rule_tags_nobody_who_is_being_erased_and_no_number_that_was_merged_away(world: World) -> None:
    """The features name both until the next night; a tag of theirs would stay for ever, or turn on and off."""
    bought(world, {11: 2, 12: 2, 13: 2, 14: 2})
    for number, person in ((11, 11), (12, 12), (13, 11), (14, 14)):
        Customer.objects.create(id=number, owner=world.owner, person_id=person, created_at=NOW)
    Erasure.objects.create(
        owner=world.owner, shop=world.shop, person_id=12, requested_by=world.user, requested_at=NOW
    )
    tag = ruled(world)
    assert run() == 1
    assert having(tag) == [11, 14]
    assert PersonChange.objects.filter(tag=tag).count() == 2


def test_a_rule_that_changes_while_it_is_carried_out_stops_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "FIRST_BATCH", 2)
    bought(world, dict.fromkeys(range(1, 7), 2))
    tag = ruled(world)
    plain = tags.set_tag

    def and_then_dropped(*args: object, **named: object) -> int:
        done = plain(*args, **named)  # type: ignore[arg-type]
        tag_rules.drop_rule(Tag.objects.get(pk=tag.pk), by=world.user, now=NOW)
        return done

    monkeypatch.setattr(tag_rules.tags, "set_tag", and_then_dropped)
    tag_rules.turn(NOW)
    assert having(tag) == [1, 2], "the rest is people's own to decide from then on"
    assert run() == 0


def test_a_rule_may_name_a_segment_and_follows_it(world: World) -> None:
    bought(world, {1: 1, 2: 2, 3: 5})
    kept = save_segment(world.shop, "常客", "bought(5+)", by=world.user, now=NOW)
    tag = ruled(world, 'segment("常客")')
    run()
    assert having(tag) == [3]
    save_segment(world.shop, "常客", "bought(2+)", by=world.user, now=NOW, segment=kept)
    run(NOW + timedelta(days=1))
    assert having(tag) == [2, 3]


def test_a_rule_whose_segment_is_gone_says_so_and_holds_up_no_other(world: World) -> None:
    bought(world, {1: 1, 2: 2})
    kept = save_segment(world.shop, "常客", "bought(2+)", by=world.user, now=NOW)
    tag = ruled(world, 'segment("常客")')
    archive_segment(kept, now=NOW)
    other = ruled(world, "bought(2+)", "另一个")
    run()
    tag.refresh_from_db()
    assert tag.rule_error == "segment_archived: 常客" and having(tag) == []
    assert having(other) == [2]
    save_segment(world.shop, "常客", "bought(2+)", by=world.user, now=NOW, segment=kept)
    assert run(NOW + timedelta(minutes=1)) == 0, "asked again after a rest only"
    run(NOW + timedelta(minutes=11))
    tag.refresh_from_db()
    assert tag.rule_error == "" and having(tag) == [2]


def test_no_segment_leads_a_rule_to_a_tag_by_rule(world: World) -> None:
    ruled(world, "bought(2+)")
    save_segment(world.shop, "多次的", 'tag("多次")', by=world.user, now=NOW)
    with pytest.raises(tag_rules.RuleRefused) as refused:
        ruled(world, 'segment("多次的")', "绕")
    assert (refused.value.code, refused.value.name) == (
        "builds_on", 'tag("绕") → segment("多次的") → tag("多次")',
    )  # fmt: skip
    with pytest.raises(TreeError):
        ruled(world, 'segment("没有的")', "空")


def test_rules_that_lead_back_to_each_other_are_refused_with_the_way_round(world: World) -> None:
    first, second = (tags.make_tag(world.shop, name, now=NOW) for name in ("甲", "乙"))
    save_segment(world.shop, "里面", 'bought or tag("乙")', by=world.user, now=NOW)
    save_segment(world.shop, "外面", 'segment("里面") and bought(2+)', by=world.user, now=NOW)
    # As two hands kept them at the same moment, before one waited for the other.
    Tag.objects.filter(pk=second.pk).update(rule='bought(3+) or tag("甲")')
    for text, way in (
        ('tag("乙")', 'tag("甲") → tag("乙") → tag("甲")'),
        ('segment("外面")', 'tag("甲") → segment("外面") → segment("里面") → tag("乙") → tag("甲")'),
        ('bought and not (tag("没有") or tag("甲"))', 'tag("甲") → tag("甲")'),
    ):
        with pytest.raises(tag_rules.RuleRefused) as refused:
            tag_rules.set_rule(first, text, by=world.user, now=NOW)
        assert (refused.value.code, refused.value.name) == ("circle", way)
    with pytest.raises(tag_rules.RuleRefused) as refused:
        tag_rules.set_rule(first, "bought", by=world.user, now=NOW)
    assert (refused.value.code, refused.value.name) == ("builds_on", 'tag("乙") → tag("甲")')
    assert Tag.objects.get(pk=first.pk).rule == "" and not AuditEvent.objects.filter(act="tag.rule").exists()


def test_a_way_too_long_to_be_kept_is_told_by_its_ends(world: World) -> None:
    names = [letter * 30 for letter in "甲乙丙"]
    for name, rule in zip(names, ("bought", f'tag("{names[2]}")', f'tag("{names[0]}")'), strict=True):
        Tag.objects.create(shop=world.shop, name=name, rule=rule, created_at=NOW)
    with pytest.raises(tag_rules.RuleRefused) as refused:
        tag = Tag.objects.get(shop=world.shop, name=names[0])
        tag_rules.set_rule(tag, f'tag("{names[1]}")', by=world.user, now=NOW)
    assert refused.value.name == f'tag("{names[0]}") → … → tag("{names[0]}")'


def test_a_segment_that_would_lead_a_rule_to_a_tag_by_rule_is_not_kept(world: World) -> None:
    kept = save_segment(world.shop, "里面", "bought(2+)", by=world.user, now=NOW)
    save_segment(world.shop, "外面", 'segment("里面")', by=world.user, now=NOW)
    ruled(world, 'segment("外面")', "甲")
    ruled(world, "bought(5+)", "乙")
    for name, text, code, way in (
        ("里面", 'not tag("甲")', "rule_circle", ("外面", "里面", "甲")),
        ("改了名", 'tag("甲")', "rule_circle", ("外面", "里面", "甲")),
        ("里面", 'bought or tag("乙")', "rule_builds_on", ("外面", "里面", "乙")),
    ):
        with pytest.raises(TreeError) as refused:
            save_segment(world.shop, name, text, by=world.user, now=NOW, segment=kept)
        outer, inner, tag = way
        assert refused.value.code == code
        assert refused.value.params["names"] == (
            'tag("甲")', f'segment("{outer}")', f'segment("{inner}")', f'tag("{tag}")',
        )  # fmt: skip
    assert Segment.objects.get(pk=kept.pk).text == "bought(2+)"
    save_segment(world.shop, "里面", 'tag("手工的")', by=world.user, now=NOW, segment=kept)
    save_segment(world.shop, "别的", 'tag("甲") and tag("乙")', by=world.user, now=NOW)


def test_a_circle_that_was_kept_all_the_same_ends_in_words_and_not_in_turns(world: World) -> None:
    bought(world, {1: 1, 2: 2})
    tag = ruled(world, "bought(2+)")
    first, second = (tags.make_tag(world.shop, name, now=NOW) for name in ("甲", "乙"))
    save_segment(world.shop, "外面", 'tag("乙")', by=world.user, now=NOW)
    Tag.objects.filter(pk=first.pk).update(rule='segment("外面")')
    Tag.objects.filter(pk=second.pk).update(rule='tag("甲") or bought(1+)')
    assert run() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.rule_error == 'circle: tag("甲") → segment("外面") → tag("乙") → tag("甲")'
    assert second.rule_error == 'circle: tag("乙") → tag("甲") → segment("外面") → tag("乙")'
    assert having(first) == having(second) == [] and having(tag) == [2]
    tag_rules.drop_rule(first, by=world.user, now=NOW)
    run(NOW + timedelta(minutes=11))
    assert having(second) == [1, 2]


def test_a_rule_names_its_segment_by_the_new_name(world: World) -> None:
    bought(world, {1: 1, 2: 2})
    kept = save_segment(world.shop, "常客", "bought(2+)", by=world.user, now=NOW)
    old = tags.make_tag(world.shop, "旧的", now=NOW)
    Tag.objects.filter(pk=old.pk).update(rule='segment("常客") and an_old_word(1)')
    tag = ruled(world, 'segment("常客") or bought(9+)')
    save_segment(world.shop, "贵客", "bought(2+)", by=world.user, now=NOW, segment=kept)
    assert Tag.objects.get(pk=tag.pk).rule == 'segment("贵客") or bought(9+)'
    assert Tag.objects.get(pk=old.pk).rule == 'segment("常客") and an_old_word(1)'
    run()
    assert having(tag) == [2]
