"""Two rules of tags that lead to each other, kept at the same moment: one is kept, the other refused."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.db import connection

from laoke.audiences.segments import save_segment
from laoke.audiences.tag_rules import RuleRefused, set_rule
from laoke.audiences.tree import TreeError
from laoke.customers import tags
from laoke.customers.models import Tag
from laoke.shops.setup import add_shop
from tests.people import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_rules_that_lead_to_each_other_one_is_kept(home: Path) -> None:
    shop = add_shop("书店", now=NOW)
    for name in ("甲", "乙"):
        tags.make_tag(shop, name, now=NOW)
    kept = save_segment(shop, "外面", "bought", by=None, now=NOW)
    together = Barrier(2)
    refused: list[str] = []

    def rule() -> None:
        try:
            tag = Tag.objects.get(name="甲")
            together.wait()
            set_rule(tag, 'segment("外面")', by=None, now=NOW)
        except RuleRefused as error:
            refused.append(error.code)
        finally:
            connection.close()

    def segment() -> None:
        try:
            together.wait()
            save_segment(shop, "外面", 'tag("甲")', by=None, now=NOW, segment=kept)
        except TreeError as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [Thread(target=rule), Thread(target=segment)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1 and refused[0] in ("circle", "rule_circle")


def test_of_two_tags_one_builds_on_the_other(home: Path) -> None:
    shop = add_shop("书店", now=NOW)
    for name in ("甲", "乙"):
        tags.make_tag(shop, name, now=NOW)
    together = Barrier(2)
    refused: list[str] = []

    def rule(name: str, other: str) -> None:
        try:
            tag = Tag.objects.get(name=name)
            together.wait()
            set_rule(tag, f'bought or tag("{other}")', by=None, now=NOW)
        except RuleRefused as error:
            refused.append(error.name)
        finally:
            connection.close()

    threads = [Thread(target=rule, args=("甲", "乙")), Thread(target=rule, args=("乙", "甲"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert refused[0] in ('tag("甲") → tag("乙") → tag("甲")', 'tag("乙") → tag("甲") → tag("乙")')
    assert Tag.objects.exclude(rule="").count() == 1
