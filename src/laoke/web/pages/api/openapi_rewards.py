"""The part of the OpenAPI document about rewards: points, lotteries and referrals."""

from __future__ import annotations

from laoke.promotions.coupons.calls import KEPT
from laoke.promotions.coupons.states import HOLD
from laoke.promotions.rewards.lotteries import PRIZE_KINDS
from laoke.promotions.rewards.lottery_draws import LONGEST_TEXT, STATES
from laoke.promotions.rewards.points_rules import MOST_POINTS
from laoke.promotions.rewards.referrals import MOST_LIKES
from laoke.promotions.rewards.referrals import STATES as REFERRAL_STATES
from laoke.web.pages.api import coupons
from laoke.web.pages.api.openapi_coupons import CENTS, CODE, JSON, ORDER_ID, TEXT, Json
from laoke.web.pages.api.rewards import MOST_BYTES, READS, SCOPE_OF, STATUSES

CUSTOMER: Json = {"$ref": "#/components/schemas/coupon-customer"}
POINTS: Json = {"type": "integer", "minimum": 0, "maximum": MOST_POINTS}
SHARE: Json = {**ORDER_ID, "description": "what was shared, in your system"}
NUMBER: Json = {**TEXT, "description": "number of the lottery"}
OWN_TEXT: Json = {
    **TEXT,
    "maxLength": LONGEST_TEXT,
    "default": "",
    "description": "the person's own, which goes into the draw; only its SHA-256 is kept",
}
MOMENT: Json = {"type": ["string", "null"], "description": "shop time"}
MEANINGS = {
    "400": "the body is no JSON of the wanted shape, or the Idempotency-Key is missing",
    "401": "no token, or one that has ended",
    "403": "the token may not do this",
    "404": "the shop has no such thing or customer",
    "409": "not now; the same request may come again with the same key",
    "413": f"more than {MOST_BYTES} bytes",
    "415": "not application/json, or compressed",
    "422": "the key was used for another request",
    "429": f"more than {coupons.MOST_A_MINUTE} requests a minute; see Retry-After",
}
SUMMARIES = {
    "points.quote": "a customer's points, and how many of them an order of `payable_cents` may use",
    "points.earn": "the order is paid: its points, once for each order",
    "points.refund": "the order is refunded, whole or in part: its points go back in proportion; what was used already "
    "is owed and the next points settle it, a balance is never negative",
    "points.reserve": f"keep points for an order; without redeem or rollback they are let go of after "
    f"{HOLD.seconds // 60} minutes. What they take off is computed by the shop's rule",
    "points.redeem": "the order is paid: what was reserved for it is used",
    "points.rollback": "the order is off, before or after it was paid: its points go back, with the ends they had",
    "lotteries.show": "what is promised, the hash that binds it, what is left of each prize; after the end the seed "
    "and every draw, to be computed anew by anybody",
    "lotteries.draw": "one draw for a customer; points and coupons are given at once, goods are due",
    "referrals.invite": "the code by which a customer invites friends; a person has one",
    "referrals.accept": "a friend comes by an invitation: new, no other number of the inviter, of another household",
    "referrals.paid": "a customer has paid; tell every order, whether one counts for a referral is decided here",
    "referrals.refunded": "an order was refunded; while its window runs the friend's next one may count",
    "referrals.liked": "how many likes something shared has now; the new ones are rewarded up to the day's limit",
}
# Of each act: the fields that it needs, and those that it may have.
BODIES: dict[str, tuple[Json, Json]] = {
    "points.quote": ({}, {"customer": CUSTOMER, "payable_cents": CENTS}),
    "points.earn": ({"customer": CUSTOMER, "order_id": ORDER_ID, "paid_cents": CENTS}, {}),
    "points.refund": ({"order_id": ORDER_ID, "refunded_cents": CENTS}, {}),
    "points.reserve": (
        {"customer": CUSTOMER, "order_id": ORDER_ID, "points": POINTS, "payable_cents": CENTS},
        {},
    ),
    "points.redeem": ({"order_id": ORDER_ID}, {}),
    "points.rollback": ({"order_id": ORDER_ID}, {}),
    "lotteries.show": ({"lottery": NUMBER}, {}),
    "lotteries.draw": ({"lottery": NUMBER, "customer": CUSTOMER}, {"text": OWN_TEXT}),
    "referrals.invite": ({"customer": CUSTOMER}, {}),
    "referrals.accept": ({"code": CODE, "customer": CUSTOMER}, {}),
    "referrals.paid": ({"customer": CUSTOMER, "order_id": ORDER_ID, "paid_cents": CENTS}, {}),
    "referrals.refunded": ({"order_id": ORDER_ID}, {}),
    "referrals.liked": (
        {
            "customer": CUSTOMER,
            "share_id": SHARE,
            "likes": {"type": "integer", "minimum": 0, "maximum": MOST_LIKES},
        },
        {},
    ),
}
ANSWERS = {
    "points.quote": "points-balance",
    "lotteries.show": "lottery",
    "lotteries.draw": "lottery-draw",
    "referrals.invite": "invitation",
    "referrals.liked": "share",
    **{f"referrals.{act}": "referral" for act in ("accept", "paid", "refunded")},
    **{f"points.{act}": "points-moved" for act in ("earn", "refund", "reserve", "redeem", "rollback")},
}


def paths() -> Json:
    """What can be asked about rewards."""
    return {f"/api/v1/{name.replace('.', '/')}": {"post": _act(name)} for name in SCOPE_OF}


def schemas() -> Json:
    """The answers."""
    balance = {
        "usable": {**POINTS, "description": "now"},
        "waiting": {**POINTS, "description": "for their first day"},
        "reserved": {**POINTS, "description": "by orders under way"},
        "owed": {**POINTS, "description": "of refunded orders whose points were used already"},
        "next_end": {**MOMENT, "description": "when the first of them end, shop time"},
        "ending": {**POINTS, "description": "how many end then"},
    }
    return (
        _lotteries()
        | _referrals()
        | {
            "points-balance": {
                "type": "object",
                "required": list(balance),
                "properties": {
                    **balance,
                    "most_points": {**POINTS, "description": "with payable_cents alone"},
                    "most_cents": {**CENTS, "description": "with payable_cents alone"},
                },
            },
            "points-moved": {
                "type": "object",
                "required": ["order_id", "customer_id", "points", "balance"],
                "properties": {
                    "order_id": TEXT,
                    "customer_id": {"type": ["string", "null"]},
                    "points": {**POINTS, "description": "of the order: earned and kept, or used"},
                    "balance": {"$ref": "#/components/schemas/points-balance"},
                    "usable_from": {**TEXT, "description": "of earn alone, shop time"},
                    "good_until": {**MOMENT, "description": "of earn alone, shop time; null = no end"},
                    "taken_back": {
                        **POINTS,
                        "description": "of refund alone: by all refunds of the order together",
                    },
                    "state": {"enum": ["reserved", "redeemed", "rolled_back"]},
                    "discount_cents": {**CENTS, "description": "what the points take off"},
                    "payable_cents": {**CENTS, "description": "of reserve alone, after the points"},
                    "reserved_until": {**TEXT, "description": "of reserve alone, shop time"},
                },
            },
        }
    )


def _referrals() -> Json:
    return {
        "invitation": {
            "type": "object",
            "required": ["code", "customer_id"],
            "properties": {"code": TEXT, "customer_id": TEXT},
        },
        "referral": {
            "type": "object",
            "required": ["referral"],
            "properties": {
                "referral": {"type": ["string", "null"], "description": "null = it means nothing to any"},
                "state": {"enum": list(REFERRAL_STATES)},
                "due_at": {**MOMENT, "description": "when both are rewarded, shop time"},
            },
        },
        "share": {
            "type": "object",
            "required": ["share_id", "likes", "rewarded", "points"],
            "properties": {
                "share_id": TEXT, "likes": {"type": "integer"}, "rewarded": {"type": "integer"},
                "points": {**POINTS, "description": "given now"},
            },
        },
    }  # fmt: skip


def _lotteries() -> Json:
    prize = {
        "type": ["object", "null"],
        "properties": {
            "place": {"type": "integer"}, "title": TEXT, "kind": {"enum": list(PRIZE_KINDS)}, "value_cents": CENTS,
            "points": POINTS, "code": {"type": ["string", "null"], "description": "of a coupon"},
        },
    }  # fmt: skip
    digest = {**TEXT, "pattern": "^[0-9a-f]{64}$"}
    return {
        "lottery": {
            "type": "object",
            "required": ["terms", "commitment", "seed", "draws", "drawn", "link", "left", "over_at", "over_reason"],
            "properties": {
                "terms": {"type": "object", "description": "all that is promised; the commitment binds it"},
                "commitment": {**digest, "description": "SHA-256 of seed, line feed and terms as canonical JSON"},
                "seed": {"type": ["string", "null"], "description": "null until the end"},
                "draws": {"type": ["array", "null"], "description": "null until the end"},
                "drawn": {"type": "integer"},
                "link": {**digest, "type": ["string", "null"], "description": "of the last draw; null before"},
                "left": {"type": "array", "items": {"type": "integer"}},
                "over_at": MOMENT,
                "over_reason": {**TEXT, "description": "why it ended before its time; empty when it did not"},
            },
        },
        "lottery-draw": {
            "type": "object",
            "required": ["lottery", "number", "customer_id", "text_sha256", "link", "commitment", "state", "prize"],
            "properties": {
                "lottery": TEXT, "number": {"type": "integer"}, "customer_id": TEXT, "text_sha256": digest,
                "link": {**digest, "description": "binds this draw and all before it: show it to who drew, to be kept"},
                "commitment": digest, "state": {"enum": list(STATES)}, "prize": prize,
            },
        },
    }  # fmt: skip


def _act(name: str) -> Json:
    needed, more = BODIES[name]
    schema = {
        "type": "object",
        "additionalProperties": False,
        "required": list(needed),
        "properties": {**needed, **more},
    }
    key = {
        "name": "Idempotency-Key", "in": "header", "required": True,
        "description": f"a new one for every act, the same one to send it again; kept for {KEPT.days} days. "
        "An answer that was given before carries Idempotent-Replay: true",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,100}$"},
    }  # fmt: skip
    noun, act = name.split(".")
    return {
        "operationId": f"{act}-{noun}",
        "summary": SUMMARIES[name],
        "description": f"Scope: {SCOPE_OF[name]}",
        **({} if name in READS else {"parameters": [key]}),
        "requestBody": {"required": True, "content": {JSON: {"schema": schema}}},
        "responses": {"200": _answer("done", ANSWERS[name]), **_refusals()},
    }


def _refusals() -> Json:
    told = {}
    for status, text in MEANINGS.items():
        codes = [code for code, its in STATUSES.items() if its == int(status)]
        told[status] = _answer(f"{text} ({', '.join(codes)})" if codes else text, "refusal")
    return told


def _answer(text: str, schema: str) -> Json:
    return {
        "description": text,
        "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }
