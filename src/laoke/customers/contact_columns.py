"""The rules of `contacts.py` for whole columns: cleaning, states and masks of a few hundred thousand people at once.

ASCII text goes through Arrow's kernels; whatever is not plainly of the usual shape is decided by `contacts.py` itself,
one by one, so that both ways always agree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from laoke.customers import contacts

if TYPE_CHECKING:
    import pyarrow as pa

FIELDS = ("nick", "name", "phone", "email", "address", "oaid", "ouid", "birthday")
SEPARATOR = "\x1f"

_NOISE = r"[\t-\r\x1c-\x20\-'()]"
_ELEVEN = r"\A1[0-9*]{10}\z"
_MOBILE = r"\A1[3-9][0-9]{9}\z"
_DEMO_MOBILE = r"\A100[0-9]{8}\z"
_EMAIL = r"\A[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]+(\.[A-Za-z0-9\-]+)*\.[A-Za-z]{2,}\z"


def clean_phones(phones: pa.Array) -> pa.Array:
    """`contacts.clean_phone` of each; null is empty."""
    import pyarrow.compute as pc

    given = pc.fill_null(phones, "")
    plain = pc.if_else(pc.string_is_ascii(given), given, "")
    cleaned = pc.replace_substring_regex(plain, _NOISE, "")
    usual = pc.match_substring_regex(cleaned, _ELEVEN)
    return _decided(cleaned, given, pc.invert(pc.or_(usual, pc.equal(given, ""))), contacts.clean_phone)


def phone_states(phones: pa.Array, *, demo: bool) -> pa.Array:
    """`contacts.mobile_state` of each cleaned number."""
    import pyarrow.compute as pc

    valid = pc.match_substring_regex(phones, _MOBILE)
    if demo:
        valid = pc.or_(valid, pc.match_substring_regex(phones, _DEMO_MOBILE))
    return _states(phones, valid)


def email_states(emails: pa.Array) -> pa.Array:
    """`contacts.email_state` of each address."""
    import pyarrow.compute as pc

    return _states(emails, pc.match_substring_regex(emails, _EMAIL))


def _states(values: pa.Array, valid: pa.Array) -> pa.Array:
    import pyarrow.compute as pc

    empty, masked = pc.equal(values, ""), pc.match_substring(values, "*")
    return pc.if_else(empty, "none", pc.if_else(masked, "masked", pc.if_else(valid, "valid", "invalid")))


def is_masked(values: pa.Array) -> pa.Array:
    """`contacts.is_masked` of each text."""
    import pyarrow.compute as pc

    return pc.or_(pc.match_substring(values, "*"), pc.match_substring(values, "＊"))


def mask_phones(phones: pa.Array) -> pa.Array:
    """`contacts.mask_phone` of each number."""
    import pyarrow.compute as pc

    head, tail = pc.utf8_slice_codeunits(phones, 0, 3), pc.utf8_slice_codeunits(phones, -2)
    long = pc.and_(pc.greater_equal(pc.utf8_length(phones), 7), pc.invert(pc.match_substring(phones, "*")))
    return pc.if_else(long, pc.binary_join_element_wise(head, tail, " **** **"), phones)


def mask_nicks(nicks: pa.Array) -> pa.Array:
    """`contacts.mask_nick` of each nick."""
    import pyarrow.compute as pc

    length = pc.utf8_length(nicks)
    first, last = pc.utf8_slice_codeunits(nicks, 0, 1), pc.utf8_slice_codeunits(nicks, -1)
    tail = pc.if_else(pc.greater(length, 2), last, "")
    as_it_is = pc.or_(pc.less_equal(length, 1), is_masked(nicks))
    return pc.if_else(as_it_is, nicks, pc.binary_join_element_wise(first, tail, "**"))


def mask_names(names: pa.Array) -> pa.Array:
    """`contacts.mask_name` of each name."""
    import pyarrow.compute as pc

    stars = pc.if_else(pc.greater(pc.utf8_length(names), 2), "**", "*")
    as_it_is = pc.or_(pc.equal(names, ""), is_masked(names))
    shown = pc.binary_join_element_wise(pc.utf8_slice_codeunits(names, 0, 1), stars, "")
    return pc.if_else(as_it_is, names, shown)


def mask_emails(emails: pa.Array) -> pa.Array:
    """`contacts.mask_email` of each address."""
    import pyarrow.compute as pc

    usual = pc.match_substring_regex(emails, _EMAIL)
    shown = pc.replace_substring_regex(emails, r"\A([^@]{0,2})[^@]*@", r"\1***@")
    return _decided(
        pc.if_else(usual, shown, ""),
        emails,
        pc.invert(pc.or_(usual, pc.equal(emails, ""))),
        contacts.mask_email,
    )


def plain_texts(table: pa.Table) -> pa.Array:
    """The sealed text of schema v1 of each contact: the fields in order, between unit separators."""
    import pyarrow.compute as pc

    columns = []
    for field in FIELDS:
        values = table[field].combine_chunks()
        if pc.any(
            pc.match_substring(values, SEPARATOR)
        ).as_py():  # a hostile cell that holds the separator itself
            values = pc.replace_substring(values, SEPARATOR, " ")
        columns.append(values)
    return pc.binary_join_element_wise(*columns, SEPARATOR)


def _decided(usual: pa.Array, given: pa.Array, strange: pa.Array, rule: Callable[[str], str]) -> pa.Array:
    """`usual`, but what is `strange` is decided by the rule itself, one by one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pc.any(strange).as_py():
        return usual
    found: list[Any] = [rule(text) for text in given.filter(strange).to_pylist()]
    return pc.replace_with_mask(usual, strange, pa.array(found, pa.string()))
