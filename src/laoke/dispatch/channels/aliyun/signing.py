"""The two signatures of the Aliyun API, computed and checked: ACS3-HMAC-SHA256 and RPC v1 (HMAC-SHA1).

The adapter signs through the official SDK; this module is the other side, for the loopback gateway,
written from the vendor's description so that neither side can agree with itself by mistake.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

ACS3 = "ACS3-HMAC-SHA256"
ACS3_REQUIRED = (
    "host",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-version",
)
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class SignedCall:
    """What a verified or refused call claims about itself."""

    action: str
    nonce: str
    signed_at: datetime


class SignatureRefused(Exception):
    """The call is not from a holder of the key: `status` (HTTP) and `code` as the vendor answers."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


def percent(text: object) -> str:
    """RFC 3986 encoding as the vendor wants it: space as %20, '~' kept."""
    return quote(str(text), safe="~")


def canonical_query(pairs: Iterable[tuple[str, str]]) -> str:
    """Sorted `key=value` pairs joined by '&', both sides encoded."""
    return "&".join(f"{percent(key)}={percent(value)}" for key, value in sorted(pairs))


def acs3_signature(
    method: str,
    pairs: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    signed_headers: Iterable[str],
    body_digest: str,
    secret: str,
) -> str:
    """Hex signature over the request; `headers` by lower-case name, `body_digest` hex SHA-256."""
    names = list(signed_headers)
    lines = "".join(f"{name}:{headers.get(name, '').strip()}\n" for name in names)
    canonical = "\n".join([method, "/", canonical_query(pairs), lines, ";".join(names), body_digest])
    to_sign = f"{ACS3}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    return hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()


def rpc_v1_signature(method: str, pairs: Iterable[tuple[str, str]], secret: str) -> str:
    """Base64 signature over query and form parameters together, without `Signature` itself."""
    canonical = canonical_query((key, value) for key, value in pairs if key != "Signature")
    to_sign = f"{method}&%2F&{percent(canonical)}"
    digest = hmac.new(f"{secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def check_acs3(
    method: str,
    pairs: Iterable[tuple[str, str]],
    headers: Mapping[str, str],
    body: bytes,
    keys: Mapping[str, str],
) -> SignedCall:
    """Verify an ACS3 call. The list of signed headers is read from the call, never assumed.

    `keys` maps access key ids to secrets. Raises `SignatureRefused`.
    """
    parts = _authorization_parts(headers.get("authorization", ""))
    signed_headers = parts["SignedHeaders"].split(";")
    missing = [name for name in ACS3_REQUIRED if name not in signed_headers or not headers.get(name)]
    if missing:
        raise SignatureRefused(400, "IncompleteSignature", f"not signed or not sent: {', '.join(missing)}")
    digest = hashlib.sha256(body).hexdigest()
    if not hmac.compare_digest(headers["x-acs-content-sha256"].encode(), digest.encode()):
        raise SignatureRefused(
            400, "SignatureDoesNotMatch", "x-acs-content-sha256 is not the hash of the body"
        )
    secret = _secret_of(parts["Credential"], keys)
    expected = acs3_signature(method, pairs, headers, signed_headers, digest, secret)
    if not hmac.compare_digest(expected.encode(), parts["Signature"].encode()):
        raise SignatureRefused(
            400, "SignatureDoesNotMatch", "Specified signature does not match our calculation."
        )
    return SignedCall(
        headers["x-acs-action"], headers["x-acs-signature-nonce"], _signing_time(headers["x-acs-date"])
    )


def check_rpc_v1(method: str, pairs: Iterable[tuple[str, str]], keys: Mapping[str, str]) -> SignedCall:
    """Verify an old RPC call whose query and form pairs are given together. Raises `SignatureRefused`."""
    pairs = list(pairs)
    given = dict(pairs)
    needed = ("Action", "AccessKeyId", "Signature", "SignatureNonce", "Timestamp")
    missing = [name for name in needed if not given.get(name)]
    if missing:
        raise SignatureRefused(400, "MissingParameter", f"missing: {', '.join(missing)}")
    if given.get("SignatureMethod", "HMAC-SHA1").upper() != "HMAC-SHA1":
        raise SignatureRefused(400, "InvalidSignatureMethod", "only HMAC-SHA1 is understood here")
    expected = rpc_v1_signature(method, pairs, _secret_of(given["AccessKeyId"], keys))
    if not hmac.compare_digest(expected.encode(), given["Signature"].encode()):
        raise SignatureRefused(
            400, "SignatureDoesNotMatch", "Specified signature does not match our calculation."
        )
    return SignedCall(given["Action"], given["SignatureNonce"], _signing_time(given["Timestamp"]))


def _authorization_parts(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if scheme != ACS3 or not all(parts.get(name) for name in ("Credential", "SignedHeaders", "Signature")):
        raise SignatureRefused(
            400, "IncompleteSignature", f"Authorization is not {ACS3} with its three parts"
        )
    return parts


def _secret_of(access_key: str, keys: Mapping[str, str]) -> str:
    if access_key not in keys:
        raise SignatureRefused(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
    return keys[access_key]


def _signing_time(text: str) -> datetime:
    try:
        return datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        raise SignatureRefused(400, "InvalidTimeStamp.Format", f"not a UTC time: {text[:40]!r}") from None
