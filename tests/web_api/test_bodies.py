"""Bodies that are none: refused with a code and a sentence, and nothing is left of them."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import pytest

from laoke.intake.models import SentBatch
from laoke.intake.sent.bodies import BodyRefused, read_body
from laoke.intake.sent.fields import MOST_BYTES, MOST_LINES, MOST_LINES_OF_ORDER, MOST_ROWS, SENT_KINDS
from laoke.intake.sent.rows import checked_rows
from laoke.intake.sent.sheets import sheet_of
from laoke.shops.models import Job, Upload
from tests.web_api.system import ORDER, System, stored

HOSTILE: dict[str, tuple[bytes, int, str]] = {
    "nothing": (b" ", 400, "not_json"),
    "text": (b"hello", 400, "not_json"),
    "half": (b'{"rows": [{"product_id": "1"', 400, "not_json"),
    "two documents": (b'{"rows": []} {"rows": []}', 400, "not_json"),
    "no object": (b"[1]", 400, "body_shape"),
    "no rows": (b'{"rows": []}', 422, "no_rows"),
    "rows of another kind": (b'{"rows": {"0": 1}}', 400, "body_shape"),
    "another name": (b'{"rows": [1], "row": 1}', 400, "name_unknown"),
    "a name twice": (b'{"rows": [1], "rows": [2]}', 400, "name_twice"),
    "no choice": (b'{"rows": [1], "all_or_nothing": "yes"}', 400, "body_shape"),
    "not a number": (b'{"rows": [{"product_id": "1", "stock": NaN}]}', 400, "not_a_number"),
    "infinite": (b'{"rows": [{"product_id": "1", "stock": -Infinity}]}', 400, "not_a_number"),
    "deep lists": (b'{"rows": ' + b"[" * 200_000, 400, "too_deep"),
    "deep objects": (b'{"rows": ' + b'{"a":' * 100_000, 400, "too_deep"),
    "latin-1": ('{"rows": [{"title": "é"}]}'.encode("latin-1"), 400, "not_utf8"),
    "utf-16": ('{"rows": [1]}'.encode("utf-16"), 400, "not_utf8"),
    "a byte order mark": ('\ufeff{"rows": [1]}'.encode(), 400, "not_json"),
    "as_of of nonsense": (b'{"rows": [1], "as_of": "yesterday"}', 422, "as_of_wrong"),
    "as_of to come": (b'{"rows": [1], "as_of": "2026-11-10 00:00:00"}', 422, "as_of_wrong"),
    "as_of with half a pair": (b'{"rows": [1], "as_of": "\\ud800"}', 422, "as_of_wrong"),
    "too many rows": (json.dumps({"rows": [1] * (MOST_ROWS + 1)}).encode(), 422, "too_many_rows"),
    "too many bytes": (b'{"rows": ["' + b"x" * MOST_BYTES + b'"]}', 413, "too_large"),
    "far too many bytes": (b'{"rows": ["' + b"x" * 3 * MOST_BYTES + b'"]}', 413, "too_large"),
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_refused_and_leaves_nothing(system: System, name: str) -> None:
    data, status, code = HOSTILE[name]
    answer = system.post("products", data)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(answer.json()["message"]) > 5
    assert (Upload.objects.count(), Job.objects.count(), SentBatch.objects.count()) == (0, 0, 0)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Content-Type": "text/plain"}, "media_type"),
        ({"Content-Type": "application/x-www-form-urlencoded"}, "media_type"),
        ({"Content-Type": "multipart/form-data; boundary=x"}, "media_type"),
        ({"Content-Type": "application/json; charset=gbk"}, "media_type"),
        ({"Content-Encoding": "gzip"}, "encoding"),
        ({"Content-Encoding": "br"}, "encoding"),
    ],
)
def test_what_is_no_plain_json_is_not_even_read(system: System, headers: dict[str, str], code: str) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    answer = system.post("products", bomb, **headers)
    assert (answer.status_code, answer.json()["code"]) == (415, code)


@pytest.mark.parametrize(
    "data",
    [b'{"rows": ["' + b'\\"' * 1_900_000, b'"' * 3_999_999, b'{"rows": ["' + b"\\" * 3_000_000],
    ids=["a text that never ends", "quotes", "slashes"],
)
def test_no_body_takes_long_to_refuse(data: bytes) -> None:
    began = time.process_time()
    with pytest.raises(BodyRefused):
        read_body(data, MOST_ROWS)
    assert time.process_time() - began < 5


def errors(kind: str, text: str) -> list[tuple[str, str]]:
    """Field and code of what is wrong with the only row of a kind."""
    body = read_body(f'{{"rows": [{text}]}}'.encode(), MOST_ROWS)
    return [(error.field, error.code) for error in checked_rows(SENT_KINDS[kind], body.rows)[0].errors]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("1", ("", "row_not_object")),
        ("null", ("", "row_not_object")),
        ('{"product_id": 12, "stock": 1}', ("product_id", "id_text_wanted")),
        ('{"product_id": "1.23E+18", "stock": 1}', ("product_id", "id_strange")),
        ('{"product_id": "1 2", "stock": 1}', ("product_id", "id_strange")),
        ('{"product_id": "a\\u0000b", "stock": 1}', ("product_id", "id_strange")),
        (f'{{"product_id": "{"9" * 65}", "stock": 1}}', ("product_id", "id_strange")),
        ('{"product_id": "", "stock": 1}', ("product_id", "field_missing")),
        ('{"product_id": null, "stock": 1}', ("product_id", "field_missing")),
        ('{"product_id": "1", "product_id": "2", "stock": 1}', ("product_id", "field_twice")),
        ('{"product_id": "1"}', ("title", "one_of_missing")),
        ('{"product_id": "1", "stock": 1, "stok": 1}', ("stok", "field_unknown")),
        ('{"product_id": "1", "stock": 1.0}', ("stock", "count_wanted")),
        ('{"product_id": "1", "stock": 1e3}', ("stock", "count_wanted")),
        ('{"product_id": "1", "stock": "1"}', ("stock", "count_wanted")),
        ('{"product_id": "1", "stock": true}', ("stock", "count_wanted")),
        ('{"product_id": "1", "stock": 2147483648}', ("stock", "count_wanted")),
        (f'{{"product_id": "1", "stock": 1{"0" * 5000}}}', ("stock", "count_wanted")),
        ('{"product_id": "1", "stock": -1}', ("stock", "negative_count")),
        ('{"product_id": "1", "cost_cents": 12.5}', ("cost_cents", "cents_wanted")),
        ('{"product_id": "1", "cost_cents": -1}', ("cost_cents", "negative_amount")),
        ('{"product_id": "1", "cost_cents": 100000000001}', ("cost_cents", "money_too_large")),
        ('{"product_id": "1", "title": 5}', ("title", "text_wanted")),
        ('{"product_id": "1", "title": ["a"]}', ("title", "text_wanted")),
        ('{"product_id": "1", "title": "a\\u0000"}', ("title", "text_unreadable")),
        ('{"product_id": "1", "title": "\\ud800"}', ("title", "text_unreadable")),
        ('{"product_id": "1", "title": "\\u001b[2J"}', ("title", "text_unreadable")),
        (f'{{"product_id": "1", "title": "{"长" * 1001}"}}', ("title", "text_too_long")),
        ('{"product_id": "1", "stock": 1, "listed_at": "2026-02-30 00:00"}', ("listed_at", "time_impossible")),
        ('{"product_id": "1", "stock": 1, "listed_at": "1900-01-01 00:00"}', ("listed_at", "time_impossible")),
        ('{"product_id": "1", "stock": 1, "listed_at": "2026-11-11"}', ("listed_at", "time_wanted")),
        ('{"product_id": "1", "stock": 1, "listed_at": 1762790400}', ("listed_at", "time_wanted")),
        ('{"product_id": "1", "stock": 1, "listed_at": "２０２６-11-11 00:00"}', ("listed_at", "time_wanted")),
    ],
)  # fmt: skip
def test_every_field_is_what_it_must_be_or_says_what_it_is_not(text: str, wrong: tuple[str, str]) -> None:
    assert wrong in errors("products", text)


def with_order(**changes: Any) -> list[tuple[str, str]]:
    return errors("orders", json.dumps({**ORDER, **changes}))


def test_parts_of_an_order_are_named_by_their_path() -> None:
    line = ORDER["lines"][0]
    assert with_order() == []
    assert with_order(buyer=[]) == [("buyer", "buyer_wanted")]
    assert with_order(buyer={"phone": "1", "vip": True}) == [("buyer.vip", "field_unknown")]
    assert with_order(lines={}) == [("lines", "lines_wanted")]
    assert with_order(lines=[]) == [("lines", "lines_count")]
    assert with_order(lines=[line] * (MOST_LINES_OF_ORDER + 1)) == [("lines", "lines_count")]
    assert with_order(lines=[line, 5]) == [("lines[1]", "row_not_object")]
    assert with_order(lines=[line, {**line, "quantity": None}]) == [("lines[1].quantity", "field_missing")]
    assert with_order(lines=[{"quantity": 1}]) == [("lines[0].product_id", "one_of_missing")]
    assert with_order(item_count=3) == [("item_count", "told_by_lines")]
    assert with_order(total_cents=None, paid_cents=None) == [("total_cents", "one_of_missing")]


def test_lines_beyond_those_of_a_batch_are_refused_with_their_order() -> None:
    line = ORDER["lines"][0]
    orders = [
        {**ORDER, "order_id": f"A{n}", "lines": [line] * MOST_LINES_OF_ORDER}
        for n in range(MOST_LINES // MOST_LINES_OF_ORDER + 1)
    ]
    sheet = sheet_of(SENT_KINDS["orders"], read_body(json.dumps({"rows": orders}).encode(), MOST_ROWS))
    assert [row.errors[0].code for row in sheet.rows if row.errors] == ["batch_lines"]
    assert len(sheet.places) == MOST_LINES


@pytest.mark.django_db
def test_texts_that_would_be_something_else_in_a_file_are_just_texts(system: System) -> None:
    rows = [
        {"product_id": "#1", "title": "合计", "season": '"', "stock": 1},
        {"product_id": "2", "title": 'a,"b"\nc\td', "season": "备注：", "stock": 2},
        {"product_id": "3", "title": "=1+1", "season": "=cmd|' /C calc'!A0", "stock": 3},
    ]
    told = system.taken("products", *rows)
    assert (told["rows_refused"], told["counts"]["new"]) == (0, 3)
    found = stored(system.shop, "products", "product_id IN ('#1', '2', '3')")
    assert [(row["product_id"], row["title"], row["season"]) for row in found] == [
        ("#1", "合计", '"'), ("2", 'a,"b" c d', "备注："), ("3", "=1+1", "=cmd|' /C calc'!A0"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_ids_that_went_through_a_float_refuse_the_batch(system: System) -> None:
    rows = [{"product_id": f"{100_000_000_000_000 + n}000", "stock": 1} for n in range(20)]
    answer = system.send("products", *rows)
    assert (answer.status_code, answer.json()["code"]) == (422, "ids_in_scientific_notation")


@pytest.mark.django_db
def test_sentences_come_in_the_language_that_was_asked_for(system: System) -> None:
    data = json.dumps({"rows": [{"product_id": 1, "stock": 1}]}).encode()
    answer = system.post("products", data, **{"Accept-Language": "en"})
    assert "quotation marks" in answer.json()["errors"][0]["message"]
    assert (
        system.post("products", data)
        .json()["errors"][0]["message"]
        .startswith("“product_id”是 1，编号要写成文字")
    )
