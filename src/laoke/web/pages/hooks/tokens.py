"""The secret part of a push address: providers do not sign what they push, so the address itself must be unguessable.

A gateway has a key of its own (`settings["hook"]`). The loopback of trials serves every shop of an installation with
one address, made from the index key.
"""

from __future__ import annotations

import hmac

from django.urls import reverse

from laoke.customers.sealing import digest, keys
from laoke.dispatch.gateways import gateway_of_hook
from laoke.dispatch.models import Gateway

_URL_SAFE = str.maketrans("+/", "-_", "=")


def hook_token(provider: str) -> str:
    """The token of an installation for all its loopbacks of a provider."""
    return digest(keys().index.current, "hook", provider).translate(_URL_SAFE)


def hook_path(provider: str) -> str:
    """The whole path for the loopback, `/hooks/aliyun/<token>/`."""
    return reverse("hook", args=[provider, hook_token(provider)])


def gateways_for(provider: str, token: str) -> list[Gateway]:
    """The accounts a push with this token may speak for; none when the token is not ours."""
    own = gateway_of_hook(token)
    if own is not None and own.provider == provider:
        return [own]
    if hmac.compare_digest(token.encode("utf-8"), hook_token(provider).encode("utf-8")):
        rows = Gateway.objects.filter(provider=provider, is_loopback=True).select_related("shop")
        return list(rows.order_by("-pk"))
    return []
