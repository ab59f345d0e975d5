"""The API as an OpenAPI 3.1 document, made from the fields that the checks read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from laoke.intake.reading.verdicts import ID_PATTERN, LARGEST_CENTS, LARGEST_COUNT
from laoke.intake.sent.fields import (
    BUYER,
    LINE,
    MOST_BYTES,
    MOST_LINES_OF_ORDER,
    MOST_ROWS,
    SENT_KINDS,
    Field,
    SentKind,
)
from laoke.intake.sent.taking import KEPT, MOST_WAITING
from laoke.shops.tokens import MOST_A_MINUTE
from laoke.web.pages.api import openapi_coupons, openapi_rewards

JSON = "application/json"
TIME = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?$"
STATES = ("queued", "running", "done", "undone", "failed", "cancelled")
REFUSALS = {
    "400": "the body is no JSON of the wanted shape, or the Idempotency-Key is missing",
    "401": "no token, or one that has ended",
    "403": "the token may not do this",
    "404": "no such kind",
    "413": f"more than {MOST_BYTES} bytes",
    "415": "not application/json, or compressed",
    "422": "no row could be taken (or one of all_or_nothing could not), or the key was used for another body",
    "429": f"more than {MOST_A_MINUTE} requests a minute, or more than {MOST_WAITING} batches wait; see Retry-After",
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Laoke API",
            "version": "1",
            "description": "Facts of a shop in batches, its own coupons, points, lotteries and referrals. "
            "Facts: the same rules, the same import, the same quarantine as files. "
            f"A batch holds at most {MOST_ROWS} rows and {MOST_BYTES} bytes. Money is integer cents, a time without "
            f"offset is the shop's local time, ids are text. An Idempotency-Key is kept for {KEPT.days} days.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": {
            **{f"/api/v1/facts/{kind.name}": {"post": _post(kind)} for kind in SENT_KINDS.values()},
            "/api/v1/batches/{batch}": {"get": _get()},
            **openapi_coupons.paths(),
            **openapi_rewards.paths(),
            "/api/v1/openapi.json": {
                "get": {
                    "operationId": "describe",
                    "summary": "this document",
                    "security": [],
                    "responses": {"200": _answer("this document", {"type": "object"})},
                }
            },
            "/api/v1/filter.schema.json": {
                "get": {
                    "operationId": "describe_filter",
                    "summary": "the JSON schema of a filter's tree, which segments are kept as",
                    "security": [],
                    "responses": {"200": _answer("a JSON schema", {"type": "object"})},
                }
            },
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                **{_name(kind): _object(kind.fields, kind) for kind in SENT_KINDS.values()},
                "buyer": _object(BUYER),
                "line": _object(LINE),
                **_answers(),
                **openapi_coupons.schemas(),
                **openapi_rewards.schemas(),
            },
        },
    }


def _name(kind: SentKind) -> str:
    return f"{kind.name}-row"


def _post(kind: SentKind) -> dict[str, Any]:
    body = {
        "type": "object",
        "additionalProperties": False,
        "required": ["rows"],
        "properties": {
            "rows": {
                "type": "array", "minItems": 1, "maxItems": MOST_ROWS,
                "description": "every row names the same fields; null says that there is none",
                "items": {"$ref": f"#/components/schemas/{_name(kind)}"},
            },
            "as_of": {
                "type": "string", "pattern": TIME,
                "description": "the time that the rows speak of, not after now; left out = when they came",
            },
            "all_or_nothing": {
                "type": "boolean", "default": False, "description": "refuse the batch when one row is refused",
            },
        },
    }  # fmt: skip
    key = {
        "name": "Idempotency-Key", "in": "header", "required": True,
        "description": "a new one for every batch, the same one to send it again",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,100}$"},
    }  # fmt: skip
    return {
        "operationId": f"send-{kind.name}",
        "summary": kind.en,
        "description": f"Scope: facts:{kind.name}",
        "parameters": [key],
        "requestBody": {"required": True, "content": {JSON: {"schema": body}}},
        "responses": {
            "200": _answer(
                "the same request came before and is over: its state says whether its rows are there",
                {"$ref": "#/components/schemas/batch"},
            ),
            "202": _answer("taken: kept safely, written by a worker", {"$ref": "#/components/schemas/batch"}),
            **{status: _answer(text, _REFUSAL) for status, text in REFUSALS.items()},
        },
    }


_REFUSAL = {"$ref": "#/components/schemas/refusal"}


def _get() -> dict[str, Any]:
    place = {"name": "batch", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}
    some = ("401", "403", "404", "429")
    return {
        "operationId": "batch-status",
        "summary": "how far a batch is, and what became of its rows",
        "description": "Scope: batches:read",
        "parameters": [place],
        "responses": {
            "200": _answer("the batch", {"$ref": "#/components/schemas/batch"}),
            **{status: _answer(REFUSALS[status], _REFUSAL) for status in some if status != "404"},
            "404": _answer(f"no such batch of this shop, or older than {KEPT.days} days", _REFUSAL),
        },
    }


def _answer(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {JSON: {"schema": schema}}}


def _object(fields: tuple[Field, ...], kind: SentKind | None = None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "required": [one.name for one in fields if one.required],
        "properties": {one.name: _schema(one) for one in fields},
    }
    if kind and kind.one_of:
        found["description"] = "at least one of " + "; ".join(", ".join(group) for group in kind.one_of)
    return found


def _schema(one: Field) -> dict[str, Any]:
    """What a field may hold; one that is not required may be null."""
    if one.type == "buyer":
        return {"oneOf": [{"$ref": "#/components/schemas/buyer"}, {"type": "null"}], "description": one.en}
    schema = dict(_SCHEMAS[one.type])
    if one.type == "text":
        schema["maxLength"] = one.longest
    if one.type == "choice":
        schema["enum"] = [*one.words, *([] if one.required else [None])]
    schema["type"] = schema["type"] if one.required else [schema["type"], "null"]
    return {**schema, "description": one.en}


_SCHEMAS: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "pattern": ID_PATTERN},
    "text": {"type": "string"},
    "cents": {"type": "integer", "minimum": 0, "maximum": LARGEST_CENTS},
    "signed": {"type": "integer", "minimum": -LARGEST_CENTS, "maximum": LARGEST_CENTS},
    "count": {"type": "integer", "minimum": 0, "maximum": LARGEST_COUNT},
    "time": {"type": "string", "pattern": TIME},
    "day": {"type": "string", "format": "date"},
    "choice": {"type": "string"},
    "flag": {"type": "boolean"},
    "percent": {"type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.01},
    "number": {"type": "number", "minimum": 0, "maximum": 86_400, "multipleOf": 0.01},
    "lines": {
        "type": "array", "minItems": 1, "maxItems": MOST_LINES_OF_ORDER, "items": {"$ref": "#/components/schemas/line"},
    },
}  # fmt: skip


def _answers() -> dict[str, Any]:
    text, whole = {"type": "string"}, {"type": "integer"}
    error = {
        "type": "object",
        "required": ["index", "field", "code", "expected", "message"],
        "properties": {
            "index": {**whole, "description": "place of the row in the batch, from 0"},
            "field": {**text, "description": "path of the field, such as lines[0].title; empty = the row"},
            "code": text,
            "found": {"type": ["string", "null"], "description": "what stands there; of people only …"},
            "expected": text,
            "message": {**text, "description": "what to do, in the language of Accept-Language"},
        },
    }
    errors = {"type": "array", "items": {"$ref": "#/components/schemas/error"}}
    counts = ("read", "new", "changed", "unchanged", "quarantined", "waiting")
    return {
        "error": error,
        "refusal": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": text, "message": text, "errors": errors},
        },
        "batch": {
            "type": "object",
            "required": [
                "batch",
                "kind",
                "state",
                "rows",
                "rows_taken",
                "rows_refused",
                "errors",
                "status_url",
            ],
            "properties": {
                "batch": text,
                "kind": {"enum": list(SENT_KINDS)},
                "state": {"enum": list(STATES)},
                "received_at": text,
                "finished_at": {"type": ["string", "null"]},
                "rows": whole,
                "rows_taken": whole,
                "rows_refused": whole,
                "errors": errors,
                "status_url": text,
                "import": {**text, "description": "the import in the list of imports"},
                "counts": {"type": "object", "properties": dict.fromkeys(counts, whole)},
                "error": {"type": "object", "properties": {"code": text, "message": text}},
            },
        },
    }
