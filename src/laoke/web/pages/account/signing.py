"""Signing in with a limit on failures. What is said never tells whether an account exists."""

from __future__ import annotations

from dataclasses import dataclass

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest

from laoke.shops.models import User

SAY_FROM = 4  # failures left from which the limit is announced


@dataclass(frozen=True)
class Attempt:
    """How signing in went: the user, or locked, or failures that are still left before it locks."""

    user: User | None = None
    locked: bool = False
    left: int = 0


def try_to_sign_in(request: HttpRequest, username: str, password: str) -> Attempt:
    """Check a name and password; failures count against this name from this address, known or not."""
    credentials = {"username": username}
    if not AxesProxyHandler.is_allowed(request, credentials):
        return Attempt(locked=True)
    user = authenticate(request, username=username, password=password)
    # The page itself says that signing in is locked; the middleware would answer with a bare text instead.
    locked = bool(getattr(request, "axes_locked_out", False))
    request.axes_locked_out = False  # type: ignore[attr-defined]
    if isinstance(user, User):
        return Attempt(user=user)
    left = max(0, settings.AXES_FAILURE_LIMIT - AxesProxyHandler.get_failures(request, credentials))
    return Attempt(locked=locked or left == 0, left=left)


def lock_minutes() -> int:
    """How long a name stays locked for an address."""
    return round(settings.AXES_COOLOFF_TIME * 60)
