"""Layouts explained once are shared as a file: what goes out comes in, and a stranger's file is read strictly."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from laoke.intake.models import SavedMapping
from laoke.intake.preview import job_options, look_at_file, remember
from laoke.intake.sharing import (
    LARGEST,
    LayoutRefused,
    delete_layout,
    layout_text,
    read_layout,
    rename_layout,
    take_layout,
)
from laoke.shops.models import AuditEvent, Shop
from laoke.shops.setup import add_shop
from tests.intake.facts import NOW

pytestmark = pytest.mark.django_db(transaction=True)

HEADER = ["单子", "何时下", "多少钱", "谁", "备注“甲”"]
MAPPING = {"order_id": "单子", "created_at": "何时下", "total": "多少钱", "nick": "谁"}


def explained(shop: Shop, name: str = "老系统.csv") -> SavedMapping:
    return remember(shop, HEADER, MAPPING, grain="order", name=name, by=None, now=NOW)


def file(**changed: Any) -> bytes:
    """A layout file that is taken, with single lines in another form."""
    lines = {
        "id": '"saved_abc"', "platform": '"other"', "years": '""', "grain": '"order"', "source": '"甲的老系统"',
        "sure": '"medium"', "header": '["单子", "何时下", "多少钱", "谁"]',
    }  # fmt: skip
    columns = {"order_id": '["单子", "单据"]', "created_at": '["何时下"]', "total": '["多少钱"]'}
    title = {"zh": '"老系统"', "en": '"old system"'}
    more = {key: value for key, value in changed.items() if key not in ("columns", "title")}
    text = [f"{key} = {value}" for key, value in {**lines, **more}.items() if value is not None]
    for section, told in (("title", title), ("columns", columns)):
        text += ["", f"[{section}]"]
        text += [f"{key} = {value}" for key, value in {**told, **changed.get(section, {})}.items()]
    return "\n".join(text).encode()


def refused(data: bytes) -> tuple[str, str]:
    with pytest.raises(LayoutRefused) as said:
        read_layout(data)
    assert said.value.message
    return said.value.code, said.value.key


def test_what_one_shop_writes_another_takes_and_reads_by(shop: Shop, tmp_path: Path) -> None:
    other = add_shop("分店", now=NOW)
    saved = take_layout(other, layout_text(explained(shop)).encode(), by=None, now=NOW)

    assert (saved.name, saved.grain, saved.mapping, saved.is_taken) == ("老系统.csv", "order", MAPPING, True)
    path = tmp_path / "a.csv"
    path.write_text(",".join(HEADER) + "\n1,2018-10-01 10:00,5.00,小林,\n", "utf-8")
    preview = look_at_file(other, path, "a.csv", 1)
    assert (preview.ready, preview.found_by, preview.mapping) == (True, "memory", MAPPING)
    assert [event.act for event in AuditEvent.objects.filter(act__startswith="layout.")] == ["layout.take"]


def test_a_header_like_a_saved_one_is_recognised_with_its_score(shop: Shop, tmp_path: Path) -> None:
    take_layout(shop, file(), by=None, now=NOW)
    path = tmp_path / "a.csv"
    path.write_text("多少钱,单据,何时下,新列\n5.00,1,2018-10-01 10:00,x\n", "utf-8")
    preview = look_at_file(shop, path, "a.csv", 1)

    assert (preview.found_by, preview.title, preview.score) == ("saved", "老系统", 0.5)
    assert preview.mapping == {"order_id": "单据", "created_at": "何时下", "total": "多少钱"}
    assert job_options(preview)["mapping"] == preview.mapping


def test_a_header_that_shares_little_is_not_read_by_it(shop: Shop, tmp_path: Path) -> None:
    take_layout(shop, file(), by=None, now=NOW)
    path = tmp_path / "a.csv"
    path.write_text("多少钱,单据,何时下,甲,乙,丙,丁,戊\n5.00,1,2018-10-01 10:00,,,,,\n", "utf-8")
    assert not look_at_file(shop, path, "a.csv", 1).ready


def test_a_layout_of_one_shop_is_not_that_of_another(shop: Shop, tmp_path: Path) -> None:
    take_layout(add_shop("分店", now=NOW), file(), by=None, now=NOW)
    path = tmp_path / "a.csv"
    path.write_text("多少钱,单子,何时下,谁\n5.00,1,2018-10-01 10:00,x\n", "utf-8")
    assert not look_at_file(shop, path, "a.csv", 1).ready


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"#" * (LARGEST + 1), ("too_large", "")),
        (b"\xff\xfe\x00", ("not_toml", "")),
        (b"PK\x03\x04", ("not_toml", "")),
        (b"x = " + b"[" * 20_000, ("not_toml", "")),
        (file(source=None), ("missing_key", "source")),
        (file(pattern='"(a+)+$"'), ("strange_key", "pattern")),
        (file(rows='{money = "line"}'), ("strange_key", "rows")),
        (file(id='"../../etc"'), ("wrong_value", "id")),
        (file(grain='"secrets"'), ("wrong_value", "grain")),
        (file(grain="7"), ("wrong_value", "grain")),
        (file(header="[]"), ("wrong_value", "header")),
        (file(header='"单子"'), ("wrong_value", "header")),
        (file(header="[" + '"x", ' * 501 + "]"), ("wrong_value", "header")),
        (file(header='["' + "长" * 201 + '"]'), ("wrong_value", "header")),
        (file(header='["单子\\u202e", "何时下", "多少钱"]'), ("wrong_value", "header")),
        (file(columns={"password": '["谁"]'}), ("unknown_role", "password")),
        (file(columns={"refund_id": '["谁"]'}), ("unknown_role", "refund_id")),
        (file(columns={"nick": '"谁"'}), ("wrong_value", "nick")),
        (file(columns={"nick": "[1]"}), ("wrong_value", "nick")),
        (file(columns={"order_id": '["没有这列"]'}), ("not_enough", "")),
        (file(title={"zh": '""'}), ("no_name", "")),
        (file(title={"fr": '"x"'}), ("wrong_value", "title")),
    ],
)
def test_a_hostile_file_is_refused_with_what_is_wrong(data: bytes, said: tuple[str, str]) -> None:
    assert refused(data) == said


def test_a_layout_never_goes_over_one_that_is_there(shop: Shop) -> None:
    take_layout(shop, file(), by=None, now=NOW)
    with pytest.raises(LayoutRefused) as same_header:
        take_layout(shop, file(title={"zh": '"别的名字"'}), by=None, now=NOW)
    with pytest.raises(LayoutRefused) as same_name:
        take_layout(shop, file(header='["单子", "何时下", "多少钱"]'), by=None, now=NOW)

    assert (same_header.value.code, same_header.value.key) == ("known_header", "老系统")
    assert (same_name.value.code, same_name.value.key) == ("name_taken", "老系统")
    assert SavedMapping.objects.count() == 1


def test_a_header_that_laoke_knows_is_not_taken_from_a_stranger(shop: Shop) -> None:
    from laoke.intake.reading.profiles import profiles

    shipped = profiles()["tm_feb2020_7"]
    header = "[" + ", ".join(f'"{name}"' for name in shipped.header) + "]"
    names = {"order_id": "order_id", "created_at": "created_at", "total": "total"}
    columns = {role: f'["{shipped.names[of][0]}"]' for role, of in names.items()}
    with pytest.raises(LayoutRefused) as said:
        take_layout(shop, file(header=header, columns=columns), by=None, now=NOW)
    assert (said.value.code, said.value.key) == ("shipped", "tm_feb2020_7")


def test_a_layout_is_renamed_and_deleted_in_the_audit(shop: Shop) -> None:
    saved, other = explained(shop), take_layout(shop, file(), by=None, now=datetime(2018, 11, 2))
    rename_layout(saved, " 新名字 ", by=None, now=NOW)
    for name, code in (("老系统", "name_taken"), (" ", "no_name"), ("长" * 101, "no_name")):
        with pytest.raises(LayoutRefused) as said:
            rename_layout(saved, name, by=None, now=NOW)
        assert said.value.code == code
    delete_layout(other, by=None, now=NOW)

    assert list(SavedMapping.objects.values_list("name", flat=True)) == ["新名字"]
    acts = AuditEvent.objects.filter(act__startswith="layout.").order_by("pk").values_list("act", flat=True)
    assert list(acts) == ["layout.take", "layout.rename", "layout.delete"]
