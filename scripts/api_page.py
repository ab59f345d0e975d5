"""docs/reference/api.md and openapi.json, made from the fields that the checks of the API read.

scripts/reference.py writes them; tests/house/test_docs.py compares them with what this makes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

OPENING = """# API

Facts of a shop from a system of its own, as JSON in batches. A batch goes the way of a file: the same rules,
the same import in the list, the same quarantine, and it can be taken back like one.
Examples: [how to send](../how-to/api.md); [openapi.json](openapi.json) says the same for programs, and a running
Laoke serves it at `/api/v1/openapi.json`. Coupons of the shop's own have [a page](../how-to/coupons.md), points
[another](../how-to/points.md), lotteries [a third](../how-to/lotteries.md), referrals
[a fourth](../how-to/referrals.md); fields and codes are in openapi.json.

What is under `/api/v1/` changes only by additions. This page is made from the source.

## A request

    POST /api/v1/facts/KIND
    Authorization: Bearer lk_…
    Idempotency-Key: anything that names this batch and no other
    Content-Type: application/json

    {"rows": [{…}, {…}], "as_of": "2026-11-08 12:00:00", "all_or_nothing": false}

- **rows**: every row names the same fields as the first; `null` says that there is none. What a batch does
  not name keeps what is stored; an order alone is told as a whole each time. `lines` and `buyer` may name
  different fields from order to order.
- **as_of** (may be left out): the time the rows speak of, not after now. Left out, it is the time they came.
  A newer state of an order replaces an older one, whatever the order in which batches come.
- **all_or_nothing** (may be left out): refuse the batch when one row is refused. Left out, good rows are
  taken.
- Money is integer cents. A time without offset is the shop's local time; one with an offset (`Z`, `+08:00`)
  is converted. Ids are text. A name that stands twice in an object, an unknown field, a number in quotation
  marks are refused.
- **Idempotency-Key**: 1 to 100 visible ASCII characters. The same key with the same body is done once, also
  after a crash and with two requests at once; the answer tells how far that batch is. With another body it is
  refused. A refused batch does not use its key up. A batch that was taken back, cancelled or failed does, for
  somebody may have taken it back on purpose: to have it again, send it with another key. Keys are kept for
  {days} days, for all tokens of the shop together.

## An answer

`202`: the batch is kept safely, its good rows will be written; `errors` has those of the others. `Location`
and `status_url` tell how far it is (`200` with the same content when the request came before and is over):

    GET /api/v1/batches/BATCH

`state` is `queued`, `running`, `done` (visible on every page), `undone` (taken back), `failed` or `cancelled`
(nothing was taken; `error` says why). Ask again after `Retry-After` seconds. A worker writes one batch after
the other.

Each error has `index` (from 0), `field` (such as `lines[0].title`), `code`, `found` (of people only `…`),
`expected`, and `message`, which says what to do in Chinese, or in English with `Accept-Language: en`.

| status | when |
|---|---|
| `202` | taken |
"""
LIMITS = """
## Limits

| what | at most |
|---|---|
| rows of a batch | {rows:,} |
| bytes of a body, not compressed | {bytes:,} |
| lines of an order | {order_lines:,} |
| lines of a batch | {lines:,} |
| requests of a token in a minute | {minute:,} |
| batches of a shop that wait | {waiting:,} |
| days a batch and its key are kept | {days} |

## Scopes

A token may do what its scopes say: `facts:KIND` for each kind below, `batches:read`, for coupons `coupons:quote`,
`coupons:claim` and `coupons:use` (reserve, redeem, roll back), for points `points:read`, `points:earn` (earn, take
back on a refund) and `points:use` (reserve, redeem, roll back), for lotteries `lotteries:read` and
`lotteries:draw`, for referrals `referrals:invite` and `referrals:orders`. It belongs to one shop, ends on its day,
and can be revoked at once. The session of a browser opens nothing here.
"""


def api_page() -> str:
    """The whole page; Django must be set up."""
    from django.utils.translation import override

    from laoke.intake.sent import fields
    from laoke.intake.sent.taking import KEPT, MOST_WAITING
    from laoke.shops.tokens import MOST_A_MINUTE
    from laoke.web.pages.api.openapi import REFUSALS

    limits = LIMITS.format(
        rows=fields.MOST_ROWS, bytes=fields.MOST_BYTES, order_lines=fields.MOST_LINES_OF_ORDER,
        lines=fields.MOST_LINES, minute=MOST_A_MINUTE, waiting=MOST_WAITING, days=KEPT.days,
    )  # fmt: skip
    refusals = "".join(f"| `{status}` | {text} |\n" for status, text in REFUSALS.items())
    with override("en"):
        kinds = "\n".join(_kind(kind) for kind in fields.SENT_KINDS.values())
        codes = _codes()
    opening = OPENING.replace("{days}", str(KEPT.days))
    return f"{opening}{refusals}{limits}\n{kinds}\n{codes}"


def _kind(kind: Any) -> str:
    from laoke.intake.sent.fields import BUYER, LINE

    parts = [f"## {kind.name}\n\n`POST /api/v1/facts/{kind.name}`: {kind.en}.\n\n{_table(kind.fields)}"]
    if kind.one_of:
        groups = "; ".join(", ".join(f"`{name}`" for name in group) for group in kind.one_of)
        parts.append(f"At least one of {groups}.\n")
    if "buyer" in kind.by_name:
        parts.append(f"`buyer`:\n\n{_table(BUYER)}")
        parts.append(
            f"Each of `lines`, with at least one of `product_id`, `outer_code`, `title`:\n\n{_table(LINE)}"
        )
    return "\n".join(parts)


def _table(fields: Iterable[Any]) -> str:
    from laoke.intake.sent.wording import expected_of

    rows = [
        f"| `{one.name}`{' *' if one.required else ''} | {expected_of(one)} | {one.en} |\n" for one in fields
    ]
    return f"| field | holds | meaning |\n|---|---|---|\n{''.join(rows)}"


def _codes() -> str:
    from laoke.intake.sent.wording import BATCH_REASONS, SENT_REASONS

    def table(reasons: dict[str, Any]) -> str:
        rows = (f"| `{code}` | {str(text).replace('|', '/')} |\n" for code, text in sorted(reasons.items()))
        return f"| code | message |\n|---|---|\n{''.join(rows)}"

    return (
        f"## Codes of a batch\n\n{table(BATCH_REASONS)}\n"
        "## Codes of a row\n\nA row may also be refused by the reader of files, with its codes\n"
        f"([layouts](layouts.md)).\n\n{table(SENT_REASONS)}"
    )


def openapi_text() -> str:
    """The OpenAPI document as a file."""
    from laoke.web.pages.api.openapi import document

    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"
