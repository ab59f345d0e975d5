"""Signatures of the Taobao Open Platform: of a call (md5, hmac, hmac-sha256) and of a message connection.

Pure: text in, text out. The published and own test vectors are tests.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

METHODS = ("md5", "hmac", "hmac-sha256")


def sign(params: Mapping[str, str], secret: str, method: str = "hmac-sha256") -> str:
    """The upper-case hex signature over all parameters of URL and form.

    `sign` itself and empty values are left out; keys are sorted by their bytes and joined with their values without
    anything between, before any URL-encoding.

    Raises
    ------
    ValueError
        for a sign method that the platform does not know.
    """
    told = sorted(
        (key.encode(), value.encode()) for key, value in params.items() if key != "sign" and value != ""
    )
    text = b"".join(key + value for key, value in told)
    key = secret.encode()
    if method == "md5":
        return hashlib.md5(key + text + key).hexdigest().upper()
    if method not in METHODS:
        raise ValueError(f"sign method is one of {', '.join(METHODS)}, found {method!r}")
    return hmac.new(key, text, hashlib.md5 if method == "hmac" else hashlib.sha256).hexdigest().upper()


def is_signed(params: Mapping[str, str], secret: str) -> bool:
    """Whether the `sign` of a call is the one its parameters and the secret give."""
    method = params.get("sign_method", "md5")
    if method not in METHODS:
        return False
    return hmac.compare_digest(sign(params, secret, method).encode(), params.get("sign", "").encode())


def sign_line(app_key: str, group: str, timestamp: str, secret: str) -> str:
    """The signature with which a line to the message service is opened; `timestamp` is milliseconds as text.

    Always by MD5: the message service knows no other.
    """
    return sign({"app_key": app_key, "group_name": group, "timestamp": timestamp}, secret, "md5")
