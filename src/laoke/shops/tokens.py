"""Tokens with which a shop's own system signs its requests: made once, shown once, kept as a digest.

A token is `lk_<prefix>_<secret>`. The prefix finds its row and is what people recognise it by; the digest is made with
a key outside the database, so that whoever owns the database alone can neither read a token nor make one up.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from laoke.shops import audit
from laoke.shops.bulk import stored_time
from laoke.shops.keys import load_keys
from laoke.shops.models import ApiToken, Shop, User

PURPOSE = b"laoke api tokens"
MOST_A_MINUTE = 120
MINUTE = 60
_FORM = re.compile(r"lk_([0-9a-f]{12})_[A-Za-z0-9_-]{43}", re.ASCII)


def make_token(
    shop: Shop,
    *,
    name: str,
    scopes: Sequence[str],
    days: int,
    by: User | None,
    now: datetime,
    random: Callable[[int], bytes] = secrets.token_bytes,
) -> tuple[ApiToken, str]:
    """A new token and its text, which is stored nowhere."""
    prefix = random(6).hex()
    text = f"lk_{prefix}_{_url_safe(random(32))}"
    with transaction.atomic():
        token = ApiToken.objects.create(
            shop=shop, name=name, prefix=prefix, digest=_digest(text), scopes=sorted(scopes), created_by=by,
            created_at=now, expires_at=now + timedelta(days=days),
        )  # fmt: skip
        audit.record(
            "token.make",
            shop=shop,
            actor=by,
            at=now,
            subject=name,
            prefix=prefix,
            scopes=token.scopes,
            days=days,
        )
    return token, text


def revoke(token: ApiToken, *, by: User | None, now: datetime) -> bool:
    """End a token at once; False when it had ended already."""
    with transaction.atomic():
        ended = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now)
        if ended:
            audit.record(
                "token.revoke", shop=token.shop, actor=by, at=now, subject=token.name, prefix=token.prefix
            )
    return bool(ended)


def token_of(text: str, now: Callable[[str], datetime]) -> ApiToken | None:
    """The token that a text is, None when there is none, or it has ended; `now` is told the zone of its shop."""
    found = _FORM.fullmatch(text)
    rows = ApiToken.objects.select_related("shop").filter(prefix=found[1]) if found is not None else ()
    token = next(iter(rows), None)
    # Compared also where there is no row, so that the time of an answer tells nothing.
    same = hmac.compare_digest(_digest(text), token.digest if token else "0" * 64)
    if token is None or not same:
        return None
    return token if is_live(token, now(token.shop.timezone)) else None


def is_live(token: ApiToken, now: datetime) -> bool:
    """Whether it may be used now."""
    return token.revoked_at is None and now < token.expires_at


def count_use(token: ApiToken, *, now: datetime, wall: float, most: int = MOST_A_MINUTE) -> int:
    """Count a request; the seconds to wait when more than `most` came in this minute, else 0. `wall` is seconds since
    1970, because the shop's clock may stand still."""
    minute = int(wall) // MINUTE
    # One statement, written out: a checkout that asks two hundred times a second would wait longer for its words.
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {ApiToken._meta.db_table} SET used = CASE WHEN minute = %s THEN used + 1 ELSE 1 END, minute = %s,"
            " last_used_at = %s WHERE id = %s RETURNING used",
            [minute, minute, stored_time(now), token.pk],
        )
        rows = cursor.fetchall()
    return MINUTE - int(wall) % MINUTE if rows and rows[0][0] > most else 0


def _digest(text: str) -> str:
    # The identity keys never change, so a token outlives every rotation.
    key = load_keys(settings.PLACE.keys).identity.current.derived(PURPOSE)
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _url_safe(secret: bytes) -> str:
    return base64.urlsafe_b64encode(secret).decode("ascii").rstrip("=")
