"""The Aliyun SMS channel over the official SDK: one call, then the truth about it.

The SDK is imported at the first call (1.5 s). It repeats nothing (no retry options), its redirects
are refused, and its errors are read down to the socket to tell 'no byte written' from 'unknown'.
"""

from __future__ import annotations

import ipaddress
import json
import re
import threading
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from laoke.dispatch.channels.aliyun import inbound
from laoke.dispatch.channels.aliyun.codes import carrier_verdict, reaction_to
from laoke.dispatch.channels.base import (
    Channel,
    ChannelSettingsError,
    Outcome,
    QueryResult,
    Receipt,
    Recipient,
    Reply,
    SendRequest,
    SendResult,
)

ENDPOINT = "dysmsapi.aliyuncs.com"
MAX_BATCH = 100
PAGE_SIZE = 50
MAX_PAGES = 100
_PHONE = re.compile(r"1\d{10}")
_SDK_LOCK = threading.Lock()


class AliyunSms(Channel):
    """Aliyun Dysmsapi. An endpoint on this machine (127.0.0.1:port) is a loopback: plain HTTP, no proxy.

    `absence_proof_after_s` may be given for a loopback only (its declared value); for the real
    service nothing documented says when 'not found' proves absence, so a person decides.
    Times in seconds. Raises `ChannelSettingsError` on settings that cannot work.
    """

    name = "aliyun"
    medium = "sms"
    power = "queryable"
    max_batch = MAX_BATCH

    def __init__(
        self,
        access_key: str,
        secret: str,
        endpoint: str = ENDPOINT,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 6.0,
        absence_proof_after_s: float | None = None,
    ) -> None:
        if not access_key or not secret:
            raise ChannelSettingsError("the access key and its secret are both needed")
        if "/" in endpoint or "@" in endpoint or not endpoint:
            raise ChannelSettingsError(f"endpoint is a host or host:port, found {endpoint!r}")
        if min(connect_timeout_s, read_timeout_s) < 0.05:
            raise ChannelSettingsError("timeouts are in seconds, at least 0.05")
        self.endpoint = endpoint
        self.loopback = is_loopback(endpoint)
        if absence_proof_after_s is not None and not self.loopback:
            raise ChannelSettingsError("only a loopback gateway can prove absence")
        self.absence_proof_after_s = absence_proof_after_s
        self.call_timeout_s = connect_timeout_s + read_timeout_s
        self._timeouts_ms = (int(connect_timeout_s * 1000), int(read_timeout_s * 1000))
        self._keys = (access_key, secret)
        self._made: tuple[Any, Any] | None = None

    def send(self, request: SendRequest) -> SendResult:
        """One SendSms (one recipient) or one SendBatchSms (up to 100); malformed numbers never go out."""
        if len(request.recipients) > self.max_batch:
            raise ChannelSettingsError(
                f"at most {self.max_batch} recipients, found {len(request.recipients)}"
            )
        malformed = {
            recipient.attempt_id: Outcome(
                "rejected", code="isv.MOBILE_NUMBER_ILLEGAL", permanent=True, dead_contact=True
            )
            for recipient in request.recipients
            if not _PHONE.fullmatch(recipient.address)
        }
        sendable = [r for r in request.recipients if r.attempt_id not in malformed]
        if not sendable:
            return SendResult(malformed)
        outcome = self._call_for_outcome(request, sendable)
        return SendResult.same_for_all(sendable, outcome).including(malformed)

    def query(self, recipient: Recipient, day: date, out_id: str) -> QueryResult:
        """QuerySendDetails, all pages of one Shanghai day; the row with this OutId is the answer."""
        for page in range(1, MAX_PAGES + 1):
            try:
                body = self._query_page(recipient.address, day, page)
                if body.code != "OK":
                    return QueryResult(
                        "no_answer", code=str(body.code or ""), message=str(body.message or "")
                    )
                total = int(body.total_count or 0)
                rows = (body.sms_send_detail_dtos and body.sms_send_detail_dtos.sms_send_detail_dto) or []
                for row in rows:
                    if row.out_id == out_id:
                        return _found(row)
            except Exception as error:  # noqa: BLE001 - whatever the SDK trips over, the question stays open
                return _no_answer(error)
            if page * PAGE_SIZE >= total:
                return QueryResult("not_found")
        return QueryResult("no_answer", message=f"more than {MAX_PAGES} pages")

    def parse_receipts(self, body: bytes) -> list[Receipt]:
        """SmsReport: see `inbound.parse_receipts`."""
        return inbound.parse_receipts(body)

    def parse_replies(self, body: bytes) -> list[Reply]:
        """SmsUp: see `inbound.parse_replies`."""
        return inbound.parse_replies(body)

    def warm_up(self) -> None:
        """Import the SDK now rather than inside the first call's deadline."""
        self._sdk()

    def _call_for_outcome(self, request: SendRequest, recipients: Sequence[Recipient]) -> Outcome:
        client, models = self._sdk()
        call = _single_call if len(recipients) == 1 else _batch_call
        perform = call(client, models, self._runtime(), request, recipients)
        try:
            body = perform().body
            code, message, biz_id = body.code, body.message or "", body.biz_id or ""
        except Exception as error:  # noqa: BLE001 - anything but a documented answer is 'unknown'
            return _outcome_of_error(error, len(recipients))
        return _outcome_of_answer(code, message, biz_id, len(recipients))

    def _query_page(self, phone: str, day: date, page: int) -> Any:
        client, models = self._sdk()
        question = models.QuerySendDetailsRequest(
            phone_number=phone, send_date=day.strftime("%Y%m%d"), page_size=PAGE_SIZE, current_page=page
        )
        return client.query_send_details_with_options(question, self._runtime()).body

    def _runtime(self) -> Any:
        from darabonba.runtime import RuntimeOptions  # type: ignore[import-untyped]

        connect_ms, read_ms = self._timeouts_ms
        return RuntimeOptions(
            autoretry=False, max_attempts=1, connect_timeout=connect_ms, read_timeout=read_ms
        )

    def _sdk(self) -> tuple[Any, Any]:
        """The SDK's client and models, made once."""
        with _SDK_LOCK:
            if self._made is None:
                from alibabacloud_dysmsapi20170525 import models  # type: ignore[import-untyped]
                from alibabacloud_dysmsapi20170525.client import Client  # type: ignore[import-untyped]
                from alibabacloud_tea_openapi.utils_models import Config  # type: ignore[import-untyped]

                from laoke.dispatch.channels.aliyun.transport import install_session

                protocol = "http" if self.loopback else "https"
                install_session(protocol, self.endpoint, use_proxy=not self.loopback)
                key, secret = self._keys
                config = Config(
                    access_key_id=key, access_key_secret=secret, endpoint=self.endpoint, protocol=protocol
                )
                self._made = (Client(config), models)
            return self._made


def is_loopback(endpoint: str) -> bool:
    """True when host:port is on this machine."""
    host = endpoint.rsplit(":", 1)[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _single_call(
    client: Any, models: Any, runtime: Any, request: SendRequest, recipients: Sequence[Recipient]
) -> Callable[[], Any]:
    message = models.SendSmsRequest(
        phone_numbers=recipients[0].address,
        sign_name=request.sign,
        template_code=request.template_code,
        template_param=_json(dict(recipients[0].variables)),
        out_id=request.out_id,
    )
    return lambda: client.send_sms_with_options(message, runtime)


def _batch_call(
    client: Any, models: Any, runtime: Any, request: SendRequest, recipients: Sequence[Recipient]
) -> Callable[[], Any]:
    message = models.SendBatchSmsRequest(
        phone_number_json=_json([recipient.address for recipient in recipients]),
        sign_name_json=_json([request.sign] * len(recipients)),
        template_param_json=_json([dict(recipient.variables) for recipient in recipients]),
        template_code=request.template_code,
        out_id=request.out_id,
    )
    return lambda: client.send_batch_sms_with_options(message, runtime)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _outcome_of_answer(code: object, message: str, biz_id: str, people: int) -> Outcome:
    """The meaning of a complete answer; an unlisted code is unknown."""
    reaction = reaction_to(code, message) if isinstance(code, str) else None
    if reaction is None:
        return Outcome("unknown", code=str(code or ""), message=message or "the answer carries no known code")
    if reaction.fault == "number" and people > 1:
        return Outcome("not_accepted_retry", code=str(code), message=message, retry_after_s=0.0, alone=True)
    return Outcome(
        reaction.kind,
        provider_id=biz_id if reaction.kind == "accepted" else "",
        code=str(code),
        message=message,
        permanent=reaction.permanent,
        retry_after_s=reaction.retry_after_s,
        dead_contact=reaction.dead_contact,
    )


def _outcome_of_error(error: Exception, people: int) -> Outcome:
    """The meaning of an exception of the SDK.

    1. The socket never opened: not sent. 2. A 4xx answer with a listed code, or a throttling answer:
    its meaning. 3. Everything else, 5xx included: unknown.
    """
    from laoke.dispatch.channels.aliyun.transport import nothing_written

    if nothing_written(error):
        return Outcome("not_sent", message=_said(error))
    status, code = getattr(error, "status_code", None), getattr(error, "code", None)
    if isinstance(status, int) and (400 <= status < 500 or str(code).startswith("Throttling")):
        return _outcome_of_answer(code, _said(error), "", people)
    return Outcome("unknown", code=str(code or ""), message=_said(error))


def _no_answer(error: Exception) -> QueryResult:
    return QueryResult("no_answer", code=str(getattr(error, "code", None) or ""), message=_said(error))


def _said(error: Exception) -> str:
    """The error in at most 200 characters; addresses of recipients (11 digits) are blotted out."""
    return re.sub(r"\d{11}", "…", f"{type(error).__name__}: {error}")[:200]


def _found(row: Any) -> QueryResult:
    """SendStatus 1 waiting, 2 failed, 3 delivered."""
    at, code = inbound.local_time(row.receive_date), str(row.err_code or "")
    if row.send_status not in (2, 3):
        return QueryResult("found", "accepted")
    verdict = carrier_verdict(code, success=row.send_status == 3)
    return QueryResult(
        "found",
        "delivered" if verdict.delivered else "undelivered",
        reason=verdict.reason,
        code=code,
        at=at,
        dead_contact=verdict.dead_contact,
        opt_out=verdict.opt_out,
    )
