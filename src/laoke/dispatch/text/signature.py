"""The signature 【…】 in front of an SMS (RULES 1.2). The gateway puts the brackets; the shop gives the inner text."""

import re

from laoke.dispatch.text.gateways import GatewayRules
from laoke.dispatch.text.issues import Issue, error

_ALLOWED = re.compile(r"[0-9A-Za-z\u3400-\u9fff]*")


def check_signature(sign: str, rules: GatewayRules) -> list[Issue]:
    """Chinese characters, Latin letters and digits of the gateway's length; not digits alone, not a test word."""
    if not sign:
        return [error("signature_missing")]
    found = []
    if "【" in sign or "】" in sign:
        return [error("signature_brackets")]
    if not rules.sign_min <= len(sign) <= rules.sign_max:
        found.append(error("signature_length", length=len(sign), least=rules.sign_min, most=rules.sign_max))
    if not _ALLOWED.fullmatch(sign):
        strange = "".join(dict.fromkeys(c for c in sign if not _ALLOWED.fullmatch(c)))
        found.append(error("signature_characters", characters=strange))
    if sign.isdigit():
        found.append(error("signature_digits"))
    if "测试" in sign or "test" in sign.lower():
        found.append(error("signature_test"))
    return found


def check_body_brackets(body: str) -> list[Issue]:
    """The body carries no 【】: there is exactly one signature, and the gateway adds it."""
    return [error("body_brackets")] if "【" in body or "】" in body else []
