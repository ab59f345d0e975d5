"""What the loopback gateway accepts and refuses: the checks of SendSms, SendBatchSms and QuerySendDetails.

Requests come in as merged parameters, answers go out as the vendor's JSON objects. No sockets here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from laoke.dispatch.channels.aliyun.loopback_state import GatewayState, LoopbackConfig, SmsMessage

_DEMO_PHONE = re.compile(r"100\d{8}")
_REAL_PHONE = re.compile(r"(?:\+?86)?1[3-9]\d{9}")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_URL = re.compile(r"https?://|www\.", re.IGNORECASE)
MAX_SINGLE = 1000
MAX_BATCH = 100
MAX_VALUE = 35
DAY_S = 86400.0


class Refused(Exception):
    """A business refusal: HTTP 200 with this code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def send_sms(state: GatewayState, params: Mapping[str, str]) -> list[SmsMessage]:
    """SendSms: one text to up to 1000 numbers. Raises `Refused`."""
    phones = [phone.strip() for phone in _needed(params, "PhoneNumbers").split(",")]
    if len(phones) > MAX_SINGLE:
        raise Refused("isv.MOBILE_COUNT_OVER_LIMIT", f"手机号码数量超过限制:{MAX_SINGLE}")
    values = _json_of(params.get("TemplateParam") or "{}", dict)
    sign = _needed(params, "SignName")
    return _accept(state, params, [(phone, sign, values) for phone in phones])


def send_batch_sms(state: GatewayState, params: Mapping[str, str]) -> list[SmsMessage]:
    """SendBatchSms: up to 100 numbers, each with its signature and values. Raises `Refused`."""
    phones = _json_of(_needed(params, "PhoneNumberJson"), list)
    signs = _json_of(_needed(params, "SignNameJson"), list)
    values = _json_of(params.get("TemplateParamJson") or json.dumps([{}] * len(phones)), list)
    if len(phones) > MAX_BATCH:
        raise Refused("isv.MOBILE_COUNT_OVER_LIMIT", f"手机号码数量超过限制:{MAX_BATCH}")
    if not phones or not len(phones) == len(signs) == len(values):
        raise Refused("isv.INVALID_PARAMETERS", "号码、签名和变量的数量不一致")
    if not all(isinstance(value, dict) for value in values):
        raise Refused("isv.INVALID_JSON_PARAM", "JSON参数不合法,只接受字符串值")
    items = [(str(phone), str(sign), value) for phone, sign, value in zip(phones, signs, values, strict=True)]
    return _accept(state, params, items)


def query_send_details(state: GatewayState, params: Mapping[str, str]) -> dict[str, Any]:
    """QuerySendDetails: one number, one day within 30, pages of 1 to 50. Raises `Refused`."""
    phone, day = _needed(params, "PhoneNumber"), _needed(params, "SendDate")
    size, page = _whole(params, "PageSize", 1, 50), _whole(params, "CurrentPage", 1, 10**6)
    now = state.clock()
    try:
        asked = datetime.strptime(day, "%Y%m%d")
    except ValueError:
        raise Refused("isv.INVALID_PARAMETERS", "SendDate 格式为 yyyyMMdd") from None
    if not now - timedelta(days=31) <= asked <= now + timedelta(days=1):
        raise Refused("isv.INVALID_PARAMETERS", "只能查询30天内的记录")
    biz_id = params.get("BizId")
    found = [m for m in state.findable(phone, day) if not biz_id or m.biz_id == biz_id]
    shown = found[(page - 1) * size : page * size]
    return {
        "TotalCount": str(len(found)),
        "SmsSendDetailDTOs": {"SmsSendDetailDTO": [_detail(state, message) for message in shown]},
    }


def _detail(state: GatewayState, message: SmsMessage) -> dict[str, Any]:
    reported = bool(message.result) and state.wall() >= message.report_real
    status = 1 if not reported else 3 if message.result == "DELIVERED" else 2
    return {
        "PhoneNum": message.phone,
        "SendStatus": status,
        "ErrCode": message.result if reported else "",
        "TemplateCode": message.template_code,
        "Content": message.content,
        "SendDate": f"{message.accepted_at:%Y-%m-%d %H:%M:%S}",
        "ReceiveDate": f"{message.report_at:%Y-%m-%d %H:%M:%S}" if reported else "",
        "OutId": message.out_id,
    }


def _accept(
    state: GatewayState, params: Mapping[str, str], items: list[tuple[str, str, dict[str, Any]]]
) -> list[SmsMessage]:
    """All checks, then acceptance as a whole, under one lock: a refused call leaves nothing behind."""
    template_code, out_id = _needed(params, "TemplateCode"), params.get("OutId", "")
    if len(out_id) > 255:
        raise Refused("isv.INVALID_PARAMETERS", "OutId 不能超过255个字符")
    template = _template(state.config, template_code)
    with state.lock:
        _check_account(state, len(items))
        for phone, sign, values in items:
            _check_phone(state.config, phone)
            _check_sign(state.config, sign)
            _check_values(template, values)
            _check_frequency(state, phone, sign, template_code)
        taken = [(phone, sign, _content(sign, template, values)) for phone, sign, values in items]
        return state.accept(out_id, template_code, taken)


def _template(config: LoopbackConfig, code: str) -> str | None:
    """The text of a known template; None when any code is accepted."""
    if config.known_templates:
        if code not in config.known_templates:
            raise Refused("isv.SMS_TEMPLATE_ILLEGAL", "模板不合法(不存在或被拉黑)")
        return config.known_templates[code]
    if not code.startswith("SMS_"):
        raise Refused("isv.SMS_TEMPLATE_ILLEGAL", "模板不合法(不存在或被拉黑)")
    return None


def _check_account(state: GatewayState, people: int) -> None:
    config = state.config
    if config.balance is not None and state.accepted_since(0.0) + people > config.balance:
        raise Refused("isv.AMOUNT_NOT_ENOUGH", "账户余额不足")
    limit = config.account_day_limit
    if limit is not None and state.accepted_since(state.wall() - DAY_S) + people > limit:
        raise Refused("isv.DAY_LIMIT_CONTROL", f"触发日发送限额{limit}")


def _check_phone(config: LoopbackConfig, phone: str) -> None:
    if _DEMO_PHONE.fullmatch(phone) or (config.accept_real and _REAL_PHONE.fullmatch(phone)):
        return
    raise Refused("isv.MOBILE_NUMBER_ILLEGAL", "手机号码格式错误")


def _check_sign(config: LoopbackConfig, sign: str) -> None:
    if not sign or "【" in sign or "】" in sign or (config.known_signs and sign not in config.known_signs):
        raise Refused("isv.SMS_SIGNATURE_ILLEGAL", "签名不合法(不存在或被拉黑)")


def _check_values(template: str | None, values: Mapping[str, Any]) -> None:
    if not all(isinstance(value, str) for value in values.values()):
        raise Refused("isv.INVALID_JSON_PARAM", "JSON参数不合法,只接受字符串值")
    needed = set(_VARIABLE.findall(template or ""))
    missing = sorted(name for name in needed if not values.get(name))
    if missing:
        raise Refused("isv.TEMPLATE_MISSING_PARAMETERS", f"模板缺少变量:{missing[0]}")
    for name in sorted(needed & set(values)):
        if len(values[name]) > MAX_VALUE:
            raise Refused("isv.PARAM_LENGTH_LIMIT", f"参数超过长度限制:{name}")
        if _URL.search(values[name]):
            raise Refused("isv.PARAM_NOT_SUPPORT_URL", f"变量不支持传入URL:{name}")


def _check_frequency(state: GatewayState, phone: str, sign: str, template_code: str) -> None:
    limit = state.config.per_number_day_limit
    if limit and state.sent_since(DAY_S, phone, sign, template_code) >= limit:
        raise Refused("isv.BUSINESS_LIMIT_CONTROL", f"触发天级流控Permits:{limit}")


def _content(sign: str, template: str | None, values: Mapping[str, str]) -> str:
    """The text as the phone would show it; without a known template, the values."""
    if template is None:
        return f"【{sign}】{json.dumps(dict(values), ensure_ascii=False)}"
    return f"【{sign}】" + _VARIABLE.sub(lambda found: values[found.group(1)], template)


def _needed(params: Mapping[str, str], name: str) -> str:
    if not params.get(name):
        raise Refused("isv.INVALID_PARAMETERS", f"缺少参数 {name}")
    return params[name]


def _whole(params: Mapping[str, str], name: str, least: int, most: int) -> int:
    text = _needed(params, name)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise Refused("isv.INVALID_PARAMETERS", f"{name} 应在 {least} 到 {most} 之间")
    return int(text)


def _json_of(text: str, kind: type) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("isv.INVALID_JSON_PARAM", "JSON参数不合法") from None
    if not isinstance(value, kind):
        raise Refused("isv.INVALID_JSON_PARAM", "JSON参数不合法")
    return value
