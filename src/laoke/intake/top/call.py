"""One signed call to the platform and what its answer means: an answer, a wait, a refusal, or a new sign-in.

Every call here only reads, so what got no answer is asked again. Times come from the clock passed in (the platform
thinks in GMT+8), waits go through the `sleep` passed in. The session travels in the body and stands in no error, no log
and no text of this module.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from laoke.intake.reading.cells import CLOCKS_DIFFER
from laoke.intake.top.deadline import Deadline
from laoke.intake.top.signing import sign

if TYPE_CHECKING:
    import ssl

    import httpx

GATEWAY = "https://eco.taobao.com/router/rest"
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
TIMEOUT_SECONDS = 20.0
WAITS = (1.0, 3.0, 9.0)
# A ban that is named to last longer is not slept through: the worker has other things to do.
LONGEST_WAIT_SECONDS = 15.0
# A page of a hundred rows, or a trade of hundreds of lines, is a tenth of this; a batch holds 500 answers at once.
LARGEST_ANSWER = 2_000_000
LONGEST_ANSWER_SECONDS = 60.0
# The platform's deepest answer has eight levels, its longest text (the words of a rating) some thousand characters.
DEEPEST, LONGEST_TEXT = 32, 20_000

# busy        too many calls; later again                 away      no answer, or a fault of the platform's own
# sign_in     the seller must sign in anew                keys      app key, secret or signature
# clock       this machine's clock is off                 permission  the app or the seller may not call this
# refused     the call itself is wrong                    answer      an answer that cannot be true, or is too much
# trial       no trial gateway runs at the address        sealed      the secrets kept here do not open
Kind = Literal[
    "busy", "away", "sign_in", "keys", "clock", "permission", "refused", "answer", "trial", "sealed"
]

_BY_CODE: dict[int, Kind] = {
    7: "busy", 11: "permission", 12: "permission", 24: "keys", 25: "keys", 26: "sign_in", 27: "sign_in", 28: "keys",
    29: "keys", 30: "clock", 31: "clock",
}  # fmt: skip
_FAULTS = frozenset({9, 10})
_BAN_SECONDS = re.compile(r"(\d{1,9})(?:\.\d{1,9})? (?:more )?seconds?")
_PLAIN = re.compile(r"[^\w\u4e00-\u9fff .,:;()\[\]，。：；（）/=-]+")


class TopTrouble(Exception):
    """A call that gave no answer: its kind, the method, the platform's codes and sentence, and how long to wait; of an
    answer or address that is not taken what was found and what expected, in signs of every language."""

    def __init__(
        self, kind: Kind, method: str, *, code: str = "", text: str = "", wait_seconds: float = 0.0,
        found: str = "", expected: str = "",
    ) -> None:  # fmt: skip
        super().__init__(f"{kind}: {method} {code}".strip())
        self.kind: Kind = kind
        self.method, self.code, self.text, self.wait_seconds = method, code, text, wait_seconds
        self.found, self.expected = found, expected

    @property
    def may_pass(self) -> bool:
        """Whether the same call may succeed without anybody doing something."""
        return self.kind in ("busy", "away", "answer", "trial")

    def as_dict(self) -> dict[str, Any]:
        """How the ledger keeps it."""
        told = {"kind": self.kind, "method": self.method, "code": self.code, "text": self.text}
        return told | ({"found": self.found, "expected": self.expected} if self.expected else {})


def not_believed(method: str, found: str, expected: str) -> TopTrouble:
    """An answer that is not taken: nothing of it is stored, and the same is asked again with the next turn."""
    return TopTrouble("answer", method, found=found, expected=expected)


@dataclass(frozen=True)
class Account:
    """An app and a seller's session at one gateway. Neither secret nor session is in its printed form."""

    app_key: str
    secret: str = field(repr=False)
    session: str = field(repr=False)
    gateway: str = GATEWAY
    sign_method: str = "hmac-sha256"


@cache
def _trusted() -> ssl.SSLContext:
    """Whose certificates are believed: those that come with httpx. Reading them takes longer than most turns."""
    import httpx

    return httpx.create_ssl_context(trust_env=False)


class TopClient:
    """Calls for one account. Close it, or use it as a context."""

    def __init__(
        self,
        account: Account,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        waits: tuple[float, ...] = WAITS,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        import httpx

        self.account, self._now, self._sleep, self._waits = account, now, sleep, waits
        self.calls = 0
        # A proxy of the environment would see the session; a redirect would carry it elsewhere.
        # Nothing packed: a few bytes could unfold to more than there is memory.
        self._http = httpx.Client(
            timeout=timeout_seconds, follow_redirects=False, trust_env=False, verify=_trusted(),
            headers={"Accept-Encoding": "identity"},
        )  # fmt: skip
        self._deadline = Deadline()

    def __enter__(self) -> TopClient:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._http.close()

    @property
    def latest(self) -> datetime:
        """After this nothing that the platform tells can have happened."""
        return self._now() + CLOCKS_DIFFER

    def call(self, method: str, params: Mapping[str, object] | None = None) -> dict[str, Any]:
        """The answer of one method without its wrapper.

        What is busy or away is asked again after each of the waits; a ban that names its length is waited out when it
        is short.

        Raises
        ------
        TopTrouble
            when the call is refused, or still without an answer after the last wait.
        """
        for wait in (*self._waits, None):
            try:
                return self._once(method, params or {})
            except TopTrouble as trouble:
                if not trouble.may_pass or trouble.kind == "answer" or wait is None:
                    raise
                if trouble.wait_seconds > LONGEST_WAIT_SECONDS:
                    raise
                self._sleep(max(wait, trouble.wait_seconds))
        raise AssertionError("the last round returns or raises")

    def _once(self, method: str, params: Mapping[str, object]) -> dict[str, Any]:
        import httpx

        self.calls += 1
        try:
            with (
                self._deadline.within(LONGEST_ANSWER_SECONDS),
                self._http.stream(
                    "POST", self.account.gateway, data=self.signed(method, params),
                    extensions={"trace": self._deadline.trace},
                ) as response,
            ):  # fmt: skip
                body = _body_of(method, response)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if self._deadline.passed:
                raise _too_slow(method) from None
            # Only the kind of error: its text may hold what was sent.
            raise TopTrouble("away", method, code=type(error).__name__) from None
        if self._deadline.passed:  # what was cut off may look whole
            raise _too_slow(method)
        if body is None:
            raise TopTrouble("away", method, code=f"HTTP {response.status_code}")
        return _answer_in(method, body)

    def signed(self, method: str, params: Mapping[str, object]) -> dict[str, str]:
        """All parameters of a call as they are sent."""
        account = self.account
        told = {name: _text(value) for name, value in params.items() if value is not None}
        told |= {
            "method": method, "app_key": account.app_key, "session": account.session, "format": "json", "v": "2.0",
            "timestamp": self._now().strftime(TIME_FORMAT), "sign_method": account.sign_method,
        }  # fmt: skip
        return told | {"sign": sign(told, account.secret, account.sign_method)}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.strftime(TIME_FORMAT) if isinstance(value, datetime) else str(value)


def _body_of(method: str, response: httpx.Response) -> bytes | None:
    """The whole body of a 200, or of an error that speaks the protocol; None for anything else."""
    if response.status_code != 200:
        return None
    if (packing := response.headers.get("Content-Encoding", "identity")) != "identity":
        raise not_believed(method, f"Content-Encoding: {plain_text(packing)}", "Content-Encoding: identity")
    body = bytearray()
    for piece in response.iter_raw():
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise not_believed(method, f"{len(body)}+ B", f"0–{LARGEST_ANSWER} B")
    return bytes(body)


def _too_slow(method: str) -> TopTrouble:
    return not_believed(method, f"{LONGEST_ANSWER_SECONDS:g}+ s", f"0–{LONGEST_ANSWER_SECONDS:g} s")


def _answer_in(method: str, body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except RecursionError:
        raise _too_deep(method) from None
    except ValueError:
        raise TopTrouble("away", method, code="unreadable") from None
    _check_shape(method, told)
    if isinstance(told, dict):
        if isinstance(error := told.get("error_response"), dict):
            raise trouble_in(method, error)
        answer = told.get(method.removeprefix("taobao.").replace(".", "_") + "_response")
        if isinstance(answer, dict):
            return answer
    raise TopTrouble("away", method, code="unreadable")


def _too_deep(method: str) -> TopTrouble:
    return not_believed(method, f"JSON {DEEPEST}+", f"JSON 1–{DEEPEST}")


def _check_shape(method: str, told: object) -> None:
    """Refuse what is nested or written longer than anything the platform tells; level by level, for a hostile answer
    is deeper than we may call ourselves."""
    level: list[object] = [told]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for one in level:
            inner += _parts(one)
        longest = max((len(one) for one in inner if isinstance(one, str)), default=0)
        if longest > LONGEST_TEXT:
            raise not_believed(method, f"{longest} (len)", f"0–{LONGEST_TEXT} (len)")
        level = [one for one in inner if isinstance(one, dict | list)]
        if not level:
            return
    raise _too_deep(method)


def _parts(one: object) -> Iterable[object]:
    if isinstance(one, dict):
        return one.values()
    return one if isinstance(one, list) else ()


def plain_text(told: str) -> str:
    """What the platform says of itself, short and without anything but words."""
    return _PLAIN.sub(" ", told)[:200].strip()


def trouble_in(method: str, error: Mapping[str, Any]) -> TopTrouble:
    """What an `error_response` means."""
    number, sub = str(error.get("code")), str(error.get("sub_code") or "")
    code = int(number) if number.isdecimal() and len(number) < 10 else 0
    text = plain_text(str(error.get("sub_msg") or error.get("msg") or ""))
    kind = _BY_CODE.get(code) or _kind_of_sub_code(code, sub)
    wait = 0.0
    if kind == "busy":
        named = _BAN_SECONDS.search(f"{error.get('sub_msg') or ''} {error.get('msg') or ''}")
        wait = float(named[1]) if named else 0.0
    return TopTrouble(
        kind,
        method,
        code=" ".join(filter(None, (str(code), plain_text(sub)[:80]))),
        text=text,
        wait_seconds=wait,
    )


def _kind_of_sub_code(code: int, sub: str) -> Kind:
    if "session" in sub and "invalid" in sub:
        return "sign_in"
    if sub.startswith("isp.") and "call-limited" in sub:
        return "busy"
    if sub.startswith("isp.") or code in _FAULTS:
        return "away"
    if "permission" in sub:
        return "permission"
    return "refused"
