"""Who a request of the API speaks for: a token in its header, never the session of a browser.

Without cookies there is nothing that another site could ride on, so these requests need no form token.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from laoke.intake.sent.bodies import BodyRefused
from laoke.intake.sent.fields import MOST_BYTES, SENT_KINDS
from laoke.shops.clock import live_now
from laoke.shops.models import ApiToken
from laoke.shops.tokens import MOST_A_MINUTE, count_use, token_of
from laoke.web.access import open_to_all
from laoke.web.pages.api.answers import refused

READ = "batches:read"
QUOTE, CLAIM, USE = "coupons:quote", "coupons:claim", "coupons:use"
POINTS_READ, POINTS_EARN, POINTS_USE = "points:read", "points:earn", "points:use"
LOTTERY_READ, LOTTERY_DRAW = "lotteries:read", "lotteries:draw"
REFER, REFER_ORDERS = "referrals:invite", "referrals:orders"
SCOPES = (
    *(f"facts:{kind}" for kind in SENT_KINDS), READ, QUOTE, CLAIM, USE, POINTS_READ, POINTS_EARN, POINTS_USE,
    LOTTERY_READ, LOTTERY_DRAW, REFER, REFER_ORDERS,
)  # fmt: skip
LONGEST_HEADER = 200

View = Callable[..., HttpResponse]


def answers(*methods: str) -> Callable[[View], View]:
    """A view that systems call: only these methods, and every refusal as JSON."""

    def mark(view: View) -> View:
        @wraps(view)
        def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            try:
                if request.method not in methods:
                    raise BodyRefused("method", allowed=", ".join(methods))
                return view(request, *args, **kwargs)
            except BodyRefused as refusal:
                return refused(refusal)

        return csrf_exempt(open_to_all(answered))  # type: ignore[arg-type, return-value]

    return mark


def body_of(request: HttpRequest, most: int = MOST_BYTES) -> bytes:
    """The bytes of a request that says that they are plain JSON; one that is too long is not read.

    Raises
    ------
    BodyRefused
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise BodyRefused("encoding")
    charset = request.content_params.get("charset", "utf-8") if request.content_params else "utf-8"
    if request.content_type != "application/json" or charset.lower() not in ("utf-8", "utf8"):
        raise BodyRefused("media_type")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if length.isdigit() and int(length) > most:
        raise BodyRefused("too_large", most=most)
    try:
        return bytes(request.body)
    except RequestDataTooBig as error:
        raise BodyRefused("too_large", most=most) from error


def token_for(request: HttpRequest, scope: str, most: int = MOST_A_MINUTE) -> ApiToken:
    """The token of a request, counted; `most` of all its requests may come in a minute.

    Raises
    ------
    BodyRefused
        when there is none, it has ended, may not do this, or has used up its minute.
    """
    header = request.headers.get("Authorization", "")
    word, _, text = header.partition(" ")
    if word.lower() != "bearer" or not text.strip():
        raise BodyRefused("token_missing")
    token = token_of(text.strip()[:LONGEST_HEADER], live_now)
    if token is None:
        raise BodyRefused("token_wrong")
    seconds = count_use(token, now=live_now(token.shop.timezone), wall=time.time(), most=most)
    if seconds:
        raise BodyRefused("too_many_requests", most=most, seconds=seconds)
    if scope not in token.scopes:
        raise BodyRefused("scope_missing", scope=scope)
    return token
