"""The SDK's HTTP session, made honest: no redirects, no proxy to this machine, errors that keep their cause.

The SDK turns every socket error into one text; this session marks those after which certainly
no byte of the request had left, and `nothing_written` finds the mark again.
"""

from __future__ import annotations

import ssl
from typing import Any

import requests
from darabonba.core import DaraCore  # type: ignore[import-untyped]
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError


class NothingWritten(requests.RequestException):
    """The connection was never made; the provider cannot know of the request."""


class UnexpectedStatus(requests.RequestException):
    """A redirect or another status that is neither 200 nor an error; its body is not believed."""


class OneCallSession(requests.Session):
    """Sends a prepared request exactly once. `use_proxy` False ignores any proxy of the environment."""

    def __init__(self, use_proxy: bool) -> None:
        super().__init__()
        self.use_proxy = use_proxy
        self.trust_env = False

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """`Session.send` without redirects. Raises `NothingWritten`, `UnexpectedStatus`, other IOErrors."""
        options["allow_redirects"] = False
        if not self.use_proxy:
            options["proxies"] = {}
        try:
            response = super().send(request, **options)
        except requests.RequestException as error:
            if _before_first_byte(error):
                raise NothingWritten(type(error).__name__) from error
            raise
        if response.status_code != 200 and response.status_code < 400:
            raise UnexpectedStatus(f"HTTP {response.status_code}")
        return response


def install_session(protocol: str, endpoint: str, use_proxy: bool) -> None:
    """Put the session where the SDK looks for the one of this endpoint. The tests hold the key's form."""
    pool = DaraCore._resolve_pool_maxsize({"maxIdleConns": None})
    session = OneCallSession(use_proxy)
    adapter = DaraCore.get_adapter(protocol, None, pool_size=pool)
    session.mount(f"{protocol}://", adapter)
    DaraCore._sessions.setdefault(f"{protocol}://{endpoint}:80:pool={pool}", session)


def nothing_written(error: BaseException) -> bool:
    """True when an error of the SDK was raised over `NothingWritten`.

    Only the SDK's own two links are followed. A longer walk along `__context__` could reach the
    error of an earlier call that the caller is just handling, and would call a sent message unsent.
    """
    inner = getattr(error, "inner_exception", None)
    return isinstance(inner, BaseException) and isinstance(inner.__context__, NothingWritten)


def _before_first_byte(error: requests.RequestException) -> bool:
    """Refused, unresolved or never connected; or the server's certificate was not believed."""
    if isinstance(error, requests.ConnectTimeout):
        return True
    wrapped = error.args[0] if error.args else None
    reason = wrapped.reason if isinstance(wrapped, MaxRetryError) else wrapped
    if isinstance(reason, NewConnectionError | NameResolutionError | ConnectTimeoutError):
        return True
    causes = reason.args if isinstance(reason, BaseException) else ()
    return bool(causes) and isinstance(causes[0], ssl.SSLCertVerificationError)
