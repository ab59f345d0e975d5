"""The JSON schema of a filter's tree, made from the same closed lists that the tree checks.

What a schema cannot say stays with `serial.from_json`: that a range has a value, that a text is no blank, how deep a
tree may be in all.
"""

from __future__ import annotations

import json
from typing import Any

from laoke.audiences.tree import (
    CASE_KINDS,
    CASE_STATES,
    CHANNELS,
    CLOSED_VALUES,
    CONTACTS,
    COUPON_MEASURES,
    DAY_FIELDS,
    EXPECTED,
    GOODS,
    HIGHS,
    LARGEST,
    LONGEST_BIRTHDAY_DAYS,
    LONGEST_DAYS,
    MAX_TEXT,
    MAX_VALUES,
    MEASURES,
    REFUND_KINDS,
    REWARD_MEASURES,
    STEP_KINDS,
    TEXT_FIELDS,
    TOUCH_MEASURES,
    TRAITS,
    WHOLE,
)
from laoke.warehouse.customer_value import HORIZONS

Schema = dict[str, Any]
TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
END: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": LARGEST}
RANGE: Schema = {"low": END, "high": END}
WINDOW: Schema = {
    "within": {"type": "integer", "minimum": 0, "maximum": LONGEST_DAYS},
    "from": {"type": "string", "format": "date"},
    "to": {"type": "string", "format": "date"},
}
NODE: Schema = {"$ref": "#/$defs/node"}


def filter_schema() -> Schema:
    """The whole schema (JSON Schema 2020-12)."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "/api/v1/filter.schema.json",
        "title": "Laoke filter",
        "description": "Counts are whole numbers, money is cents, shares are hundredths of a percent, purchase days "
        "that are expected are hundredths, days are days "
        "before the as-of day. Both ends of a range count; null is open; one end is given at least. A window is "
        "within, or from and to, or nothing.",
        "$ref": "#/$defs/node",
        "$defs": {
            "node": {
                "oneOf": [
                    {"$ref": f"#/$defs/{kind}"} for kind in ("and", "or", "not", *_conditions(), "one_of")
                ]
            },
            "and": _joined("and"),
            "or": _joined("or"),
            "not": _object("not", {"part": NODE}),
            **{kind: _object(kind, fields) for kind, fields in _conditions().items()},
            "one_of": {"oneOf": [_one_of(field) for field in TEXT_FIELDS]},
        },
    }


def schema_text() -> str:
    """The schema as the file in the reference has it."""
    return json.dumps(filter_schema(), ensure_ascii=False, indent=1) + "\n"


def _joined(kind: str) -> Schema:
    return _object(kind, {"parts": {"type": "array", "items": NODE, "minItems": 2}})


def _object(kind: str, fields: Schema) -> Schema:
    """What has no default is needed: windows may be left out, and so may what an older text does not have."""
    optional = {*WINDOW, "rating", "says", "group", *(RANGE if kind == "day" else ())}
    return {
        "type": "object",
        "properties": {"kind": {"const": kind}, **fields},
        "required": ["kind", *(name for name in fields if name not in optional)],
        "additionalProperties": False,
    }


def _one_of(field: str) -> Schema:
    value = {"enum": list(CLOSED_VALUES[field])} if field in CLOSED_VALUES else TEXT
    values = {"type": "array", "items": value, "minItems": 1, "maxItems": MAX_VALUES, "uniqueItems": True}
    return _object("one_of", {"field": {"const": field}, "values": values})


def _conditions() -> dict[str, Schema]:
    channel, step = {"enum": list(CHANNELS)}, {"enum": list(STEP_KINDS)}
    happened = {
        "type": "object",
        "properties": {"kind": step, "words": {"type": "string", "maxLength": MAX_TEXT}},
        "required": ["kind", "words"],
        "additionalProperties": False,
    }
    ranged = {
        "type": "object",
        "properties": RANGE,
        "required": ["low", "high"],
        "additionalProperties": False,
    }
    return {
        "everyone": {},
        "amount": {"measure": {"enum": list(MEASURES)}, **RANGE, **WINDOW},
        "day": {"field": {"enum": list(DAY_FIELDS)}, **RANGE, **WINDOW},
        "tag": {"tag": TEXT},
        "in_group": {"group": TEXT},
        "consent": {"channel": channel},
        "reachable": {"channel": channel},
        "has": {"contact": {"enum": list(CONTACTS)}},
        "bought_product": {"words": TEXT, **RANGE, **WINDOW},
        "goods": {"measure": {"enum": list(GOODS)}, "words": TEXT, **RANGE, **WINDOW},
        "bought_priced": {"price": ranged, **RANGE, **WINDOW},
        "sequence": {
            "first": happened, "then": happened, "days": {"type": "integer", "minimum": 1, "maximum": LONGEST_DAYS},
            "not": {"type": "boolean"}, **WINDOW,
        },
        "reviewed": {**RANGE, "rating": ranged, "photo": {"type": "boolean"}, **WINDOW},
        "refund_times": {"of": {"enum": ["", *REFUND_KINDS]}, **RANGE, **WINDOW},
        "had_case": {
            "of": {"enum": ["", *CASE_KINDS]}, "state": {"enum": ["", *CASE_STATES]}, **RANGE, **WINDOW,
        },
        "touched": {
            "measure": {"enum": list(TOUCH_MEASURES)}, "channel": {"enum": ["", *CHANNELS]}, **RANGE, **WINDOW,
        },
        "coupons": {
            "measure": {"enum": list(COUPON_MEASURES)}, "issue": {"type": "string", "maxLength": MAX_TEXT},
            **RANGE, **WINDOW,
        },
        "rewards": {
            "measure": {"enum": list(REWARD_MEASURES)}, "lottery": {"type": "string", "maxLength": MAX_TEXT},
            **RANGE, **WINDOW,
        },
        "trait": {"name": {"enum": list(TRAITS)}, **RANGE},
        "expected": {"measure": {"enum": list(EXPECTED)}, **RANGE, "days": {"enum": list(HORIZONS)}},
        "high": {"what": {"enum": list(HIGHS)}},
        "birthday": {"days": {"type": "integer", "minimum": 0, "maximum": LONGEST_BIRTHDAY_DAYS}},
        "random_share": {"share": {"type": "integer", "minimum": 1, "maximum": WHOLE}, "seed": TEXT},
        "segment": {"name": TEXT, "says": NODE},
    }  # fmt: skip
