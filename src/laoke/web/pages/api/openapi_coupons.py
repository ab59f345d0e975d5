"""The coupon part of the OpenAPI document."""

from __future__ import annotations

from typing import Any

from laoke.customers.identities import KINDS
from laoke.money import MAX_CENTS
from laoke.promotions.coupons.calls import KEPT, MOST_COMPARED
from laoke.promotions.coupons.states import HOLD, STATES
from laoke.web.pages.api.coupons import MOST_A_MINUTE, MOST_BYTES, SCOPE_OF, STATUSES, UNPROCESSABLE

Json = dict[str, Any]

JSON = "application/json"
TEXT: Json = {"type": "string"}
WHOLE: Json = {"type": "integer"}
CENTS: Json = {"type": "integer", "minimum": 0, "maximum": MAX_CENTS}
ORDER_ID: Json = {
    "type": "string",
    "pattern": r"^[\x21-\x7e]{1,64}$",
    "description": "the order in your system",
}
CODE: Json = {**TEXT, "description": "as printed or typed: case, spaces and dashes do not matter"}
OTHER_CODES = {
    UNPROCESSABLE: (
        "coupon_not_used",
        "coupons_too_many",
        "told_by_ledger",
        "key_used",
        "no_lines",
        "not_a_whole_number",
    ),
    400: ("not_json", "not_utf8", "too_deep"),
}
MEANINGS = {
    "400": "the body is no JSON of the wanted shape, or the Idempotency-Key is missing",
    "401": "no token, or one that has ended",
    "403": "the token may not do this",
    "404": "the shop has no such code, issue or customer",
    "409": "not with this coupon now; the same request may come again with the same key",
    "413": f"more than {MOST_BYTES} bytes",
    "415": "not application/json, or compressed",
    "422": "the basket cannot be priced or does not earn the coupon, or the key was used for another request",
    "429": f"more than {MOST_A_MINUTE} requests a minute; see Retry-After",
}
SUMMARIES = {
    "claim": "give a customer a coupon: a new one of `issue`, or the one of `code` that nobody has yet",
    "reserve": f"keep a coupon and its share of the budget for an order; without redeem or rollback it is let go of "
    f"after {HOLD.seconds // 60} minutes. What it takes off is computed from the basket",
    "redeem": "the order is paid: what was reserved for it is used",
    "rollback": "the order is off, before or after it was paid: the coupon is its holder's again",
}


def paths() -> Json:
    """What can be asked about coupons."""
    return {
        "/api/v1/coupons/quote": {"post": _quote()},
        **{f"/api/v1/coupons/{act}": {"post": _act(act)} for act in SCOPE_OF},
    }


def schemas() -> Json:
    """The bodies and answers."""
    return {
        "coupon-customer": {
            "type": "object",
            "additionalProperties": False,
            "minProperties": 1,
            "description": "by Laoke's number or by one or more keys; a key that nobody has makes a new customer, "
            "though not in a quote",
            "properties": {"customer_id": TEXT, **dict.fromkeys(KINDS, TEXT)},
        },
        "basket": _basket(),
        "coupon": {
            "type": "object",
            "required": ["code", "issue", "state", "order_id", "discount_cents", "customer_id", "valid_to"],
            "properties": {
                "code": TEXT,
                "issue": TEXT,
                "state": {"enum": list(STATES)},
                "order_id": {"type": ["string", "null"]},
                "discount_cents": CENTS,
                "customer_id": {"type": ["string", "null"]},
                "valid_to": {"type": ["string", "null"]},
                "reserved_until": {**TEXT, "description": "of reserve alone, shop time"},
                "payable_cents": {**CENTS, "description": "of reserve alone, postage included"},
            },
        },
        **_quoted(),
    }


def _quoted() -> Json:
    """The answer to a quote, and what it says of coupons that were compared."""
    return {
        "compared-coupon": {
            "type": "object",
            "required": ["code", "state", "used", "discount_cents", "refused"],
            "properties": {
                "code": TEXT,
                "state": {"enum": list(STATES)},
                "used": {"type": "boolean"},
                "discount_cents": CENTS,
                "refused": {
                    "description": "null when it is used",
                    "oneOf": [{"$ref": "#/components/schemas/refusal"}, {"type": "null"}],
                },
            },
        },
        "quote": {
            "type": "object",
            "description": "lines with the share of every offer, what was used, what was not and why, each step",
            "required": ["lines", "consumed", "refused", "trace", "payable_cents", "coupon"],
            "properties": {
                "lines": {"type": "array"},
                "consumed": {"type": "array"},
                "refused": {"type": "array"},
                "trace": {"type": "array"},
                "payable_cents": CENTS,
                "discount_cents": CENTS,
                "coupon": {
                    "type": ["object", "null"],
                    "description": "of `code`: whether it can be used here",
                },
                "coupons": {
                    "type": "array",
                    "description": "of `codes` or `held` alone: which make the order cheapest, and why not the others",
                    "items": {"$ref": "#/components/schemas/compared-coupon"},
                },
            },
        },
    }


BY_OFFER: Json = {"type": "object", "additionalProperties": {"type": "integer", "minimum": 0}}


GROUPS: Json = {
    "type": "array",
    "items": TEXT,
    "description": "your own names, such as member levels; segments are looked up by `customer`",
}
FIRST: Json = {
    "type": "boolean",
    "default": False,
    "description": "overruled by an earlier paid order of `customer`; the trace says so (R39)",
}


def _basket() -> Json:
    line = {
        "type": "object",
        "additionalProperties": False,
        "required": ["line_id", "product_id", "unit_price_cents"],
        "properties": {
            "line_id": TEXT, "product_id": TEXT, "unit_price_cents": CENTS, "sku": TEXT, "category": TEXT,
            "quantity": {"type": "integer", "minimum": 1, "maximum": 1_000_000, "default": 1},
            "cost_cents": {"type": ["integer", "null"]},
        },
    }  # fmt: skip
    buyer = {
        "type": "object",
        "additionalProperties": False,
        "description": "what your system knows of the buyer; held and used coupons the ledger knows",
        "properties": {
            "groups": GROUPS,
            "first_order": FIRST,
            "deposits": {**BY_OFFER, "description": "pieces whose deposit was paid, by offer id"},
            "joined": {
                "type": "array",
                "items": TEXT,
                "description": "offer ids of group buys it is a part of",
            },
            "used": {
                **BY_OFFER,
                "description": "earlier uses of offers that are no coupons, by offer id: for limits per person",
            },
            "spent": {**BY_OFFER, "description": "cents spent in the term of a level reward, by offer id"},
        },
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["lines"],
        "properties": {
            "lines": {"type": "array", "minItems": 1, "items": line},
            "postage_cents": {**CENTS, "default": 0},
            "buyer": buyer,
            "region": {**TEXT, "description": "province that it goes to; left out = not known yet"},
            "chosen_gifts": {
                "type": "object",
                "additionalProperties": TEXT,
                "description": "product that the buyer picked of a choice of gifts, by offer id",
            },
            "taken": {
                **BY_OFFER,
                "description": "what others had before: pieces of a flash sale, people in the group that the order "
                "joins, other buyers of what gets cheaper with them, by offer id; gifts by offer id/product id",
            },
        },
    }


_CODES: Json = {"type": "array", "items": TEXT, "maxItems": MOST_COMPARED}
_BODIES: dict[str, tuple[tuple[str, ...], Json]] = {
    "quote": (
        ("basket",),
        {
            "basket": {"$ref": "#/components/schemas/basket"},
            "code": CODE,
            "codes": {
                **_CODES,
                "description": "the cheapest combination of these (R36); instead of `code`",
            },
            "held": {
                "const": True,
                "description": "the cheapest combination of all that the customer holds; instead of `code`",
            },
        },
    ),
    "claim": (("customer",), {"issue": {**TEXT, "description": "number of the issue"}, "code": CODE}),
    "reserve": (
        ("code", "order_id", "basket"),
        {
            "code": CODE,
            "order_id": ORDER_ID,
            "basket": {"$ref": "#/components/schemas/basket"},
            "beside": {
                **_CODES,
                "description": "the other coupons of this order, kept for it already or still to be: what each takes "
                "off is worked out with them (R36)",
            },
        },
    ),
    "redeem": (("code", "order_id"), {"code": CODE, "order_id": ORDER_ID}),
    "rollback": (("code", "order_id"), {"code": CODE, "order_id": ORDER_ID}),
}
_NAMES_CUSTOMER = ("quote", "claim", "reserve")


def _body(act: str) -> Json:
    required, properties = _BODIES[act]
    whose = {"customer": {"$ref": "#/components/schemas/coupon-customer"}} if act in _NAMES_CUSTOMER else {}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": {**properties, **whose},
    }
    return {"required": True, "content": {JSON: {"schema": schema}}}


def _quote() -> Json:
    answers = {status: text for status, text in MEANINGS.items() if status != "409"}
    return {
        "operationId": "quote-basket",
        "summary": "the price of a basket with the running offers and the named coupon, or the cheapest "
        "combination of several; nothing is changed",
        "description": "Scope: coupons:quote",
        "requestBody": _body("quote"),
        "responses": {"200": _answer("the price", "quote"), **_refusals(answers)},
    }


def _act(act: str) -> Json:
    key = {
        "name": "Idempotency-Key", "in": "header", "required": True,
        "description": f"a new one for every act, the same one to send it again; kept for {KEPT.days} days. "
        "An answer that was given before carries Idempotent-Replay: true",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,100}$"},
    }  # fmt: skip
    return {
        "operationId": f"{act}-coupon",
        "summary": SUMMARIES[act],
        "description": f"Scope: {SCOPE_OF[act]}",
        "parameters": [key],
        "requestBody": _body(act),
        "responses": {"200": _answer("done", "coupon"), **_refusals(MEANINGS)},
    }


def _refusals(answers: dict[str, str]) -> Json:
    return {status: _answer(f"{text}{_codes(int(status))}", "refusal") for status, text in answers.items()}


def _codes(status: int) -> str:
    codes = [code for code, its in STATUSES.items() if its == status]
    codes += [code for code in OTHER_CODES.get(status, ()) if code not in codes]
    return f" ({', '.join(codes)})" if codes else ""


def _answer(text: str, schema: str) -> Json:
    return {
        "description": text,
        "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }
