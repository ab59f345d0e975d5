"""What a refusal quotes from a file can be stored by every ledger."""

from __future__ import annotations

from laoke.intake.reading.refusals import IntakeRefused, storable


def test_a_nul_is_shown_and_half_a_pair_is_replaced() -> None:
    quoted = {"found": ["a\x00b", "\ud83d"], "列\x00": ("好😀", 3, None)}
    assert storable(quoted) == {"found": ["a␀b", "?"], "列␀": ["好😀", 3, None]}


def test_a_refusal_quotes_storable_text() -> None:
    assert IntakeRefused("header_not_found", found=["\x00订单编号"]).params == {"found": ["␀订单编号"]}
