"""Whole columns of contacts follow the rules of single ones."""

from __future__ import annotations

import pyarrow as pa
import pytest

from laoke.customers import contact_columns, contacts

PHONES = [
    "", "13812345678", "'13812345678", "+86 138-1234-5678", "008613812345678", "8613812345678", "138****5678",
    "10012345678", "12345",
    "１３８１２３４５６７８", "０５７１－８８８８", "400-800-1234 转 12", "138 1234 5678\x0b", "N/A", "１*８",
]  # fmt: skip
NAMES = [
    "", "王", "王小", "王小明", "欧阳小明", "张**", "张＊", "小圆🐱", "a", "ab", "t**8",
    "=HYPERLINK(1)", " x ", "e\u0301x",
]  # fmt: skip
EMAILS = [
    "", "a@b.cn", "ab@b.cn", "abc@b.com", "A.B+C@Ex-ample.co.uk", "no mail", "a***@b.cn", "@b.cn", "x@y@b.cn", "é@b.cn",
    "a@b.cn\n", "a@b", "a@@b.cn",
]  # fmt: skip


def column(texts: list[str]) -> pa.Array:
    return pa.array(texts, pa.string())


def test_phones_are_cleaned_as_one_by_one() -> None:
    assert contact_columns.clean_phones(column(PHONES)).to_pylist() == [
        contacts.clean_phone(t) for t in PHONES
    ]


def test_a_phone_that_is_not_told_is_empty() -> None:
    assert contact_columns.clean_phones(pa.array([None], pa.string())).to_pylist() == [""]


@pytest.mark.parametrize("demo", [True, False])
def test_phone_states_are_those_of_single_numbers(demo: bool) -> None:
    cleaned = [contacts.clean_phone(text) for text in PHONES]
    expected = [contacts.mobile_state(text, demo=demo) for text in cleaned]
    assert contact_columns.phone_states(column(cleaned), demo=demo).to_pylist() == expected


@pytest.mark.parametrize(
    ("whole", "single", "texts"),
    [
        (contact_columns.email_states, contacts.email_state, EMAILS),
        (contact_columns.mask_emails, contacts.mask_email, EMAILS),
        (contact_columns.mask_nicks, contacts.mask_nick, NAMES),
        (contact_columns.mask_names, contacts.mask_name, NAMES),
        (contact_columns.mask_phones, contacts.mask_phone, PHONES),
        (contact_columns.is_masked, contacts.is_masked, NAMES + PHONES),
    ],
)
def test_states_and_masks_are_those_of_single_texts(whole, single, texts) -> None:
    assert whole(column(texts)).to_pylist() == [single(text) for text in texts]


def test_fields_cannot_run_into_each_other() -> None:
    table = pa.table({field: column([f"{field}\x1fx"]) for field in contact_columns.FIELDS})
    [text] = contact_columns.plain_texts(table).to_pylist()
    assert text.split("\x1f") == [f"{field} x" for field in contact_columns.FIELDS]
