"""What each answer of Aliyun means for the ledger: the table of send codes and that of carrier codes.

A code that is not in the send table is never guessed: its outcome is unknown. Meanings are Chinese
texts marked for translation; the page that shows one translates it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from laoke.dispatch.channels.base import OutcomeKind, Reason

Fault = Literal["none", "number", "call", "account"]


def gettext_noop(text: str) -> str:
    """Mark a text for the message catalogue; channels know no Django, the name is what collects it."""
    return text


@dataclass(frozen=True)
class Reaction:
    """How the ledger reacts to one code; `fault` says whom the refusal is about.

    A refusal about a number that met a call of many is repeated one by one, because the answer
    does not say which number it was.
    """

    kind: OutcomeKind
    meaning: str
    fault: Fault = "none"
    permanent: bool = False
    dead_contact: bool = False
    retry_after_s: float | None = None


def _stop(meaning: str) -> Reaction:
    return Reaction("stop_account", meaning, fault="account")


def _refused(meaning: str, dead_contact: bool = False) -> Reaction:
    return Reaction("rejected", meaning, fault="number", permanent=True, dead_contact=dead_contact)


# Source: RULES 1.8. Three rows are stricter or softer than the proposal there, on purpose:
# an unapproved template would refuse the whole round, so it stops instead of burning every message;
# SignatureNonceUsed means that an identical signed call arrived before, which may have been taken;
# MOBILE_COUNT_OVER_LIMIT is about the size of the call, so its people go again in smaller ones.
REACTIONS: dict[str, Reaction] = {
    "OK": Reaction("accepted", gettext_noop("网关已接收")),
    "isv.BUSINESS_LIMIT_CONTROL": Reaction(
        "not_accepted_retry", gettext_noop("触发频率限制，稍后再发"), fault="number", retry_after_s=3600.0
    ),
    "Throttling.User": Reaction(
        "not_accepted_retry", gettext_noop("调用过快，网关没有接收"), fault="call", retry_after_s=5.0
    ),
    "Throttling": Reaction(
        "not_accepted_retry", gettext_noop("调用过快，网关没有接收"), fault="call", retry_after_s=5.0
    ),
    "Throttling.Api": Reaction(
        "not_accepted_retry", gettext_noop("调用过快，网关没有接收"), fault="call", retry_after_s=5.0
    ),
    "isv.MOBILE_COUNT_OVER_LIMIT": Reaction(
        "not_accepted_retry", gettext_noop("一次号码过多，分开再发"), fault="number", retry_after_s=0.0
    ),
    "isv.MOBILE_NUMBER_ILLEGAL": _refused(gettext_noop("号码无效"), dead_contact=True),
    "isv.TEMPLATE_MISSING_PARAMETERS": _refused(gettext_noop("模板变量没有填全")),
    "isv.INVALID_JSON_PARAM": _refused(gettext_noop("模板变量格式不对")),
    "isv.TEMPLATE_PARAMS_ILLEGAL": _refused(gettext_noop("模板变量里有不允许的内容")),
    "isv.PARAM_LENGTH_LIMIT": _refused(gettext_noop("模板变量太长")),
    "isv.PARAM_NOT_SUPPORT_URL": _refused(gettext_noop("模板变量里不能有网址")),
    "isv.SMS_CONTENT_ILLEGAL": _refused(gettext_noop("短信内容被网关拒绝")),
    "isv.BLACK_KEY_CONTROL_LIMIT": _refused(gettext_noop("模板变量里有敏感词")),
    "isv.SMS_TEMPLATE_ILLEGAL": _stop(gettext_noop("模板不存在或没有通过审核")),
    "isv.DAY_LIMIT_CONTROL": _stop(gettext_noop("账号当日额度用完")),
    "isv.MONTH_LIMIT_CONTROL": _stop(gettext_noop("账号当月额度用完")),
    "isv.OUT_OF_SERVICE": _stop(gettext_noop("短信服务已停")),
    "isv.AMOUNT_NOT_ENOUGH": _stop(gettext_noop("账户余额不足")),
    "isv.SMS_SIGNATURE_ILLEGAL": _stop(gettext_noop("签名不存在或没有通过审核")),
    "isv.SIGN_STATE_ILLEGAL": _stop(gettext_noop("签名状态不可用")),
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": _stop(gettext_noop("签名不能用于这类短信")),
    "isv.SMS_SIGN_ILLEGAL": _stop(gettext_noop("签名不存在或没有通过审核")),
    "isv.EXTEND_CODE_ERROR": _stop(gettext_noop("扩展码不对")),
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": _stop(gettext_noop("这个模板不能发国内号码")),
    "isv.INVALID_PARAMETERS": _stop(gettext_noop("请求参数不对")),
    "isv.DENY_IP_RANGE": _stop(gettext_noop("本机地址不在网关允许的范围")),
    "isv.PRODUCT_UN_SUBSCRIPT": _stop(gettext_noop("没有开通短信服务")),
    "isv.PRODUCT_UNSUBSCRIBE": _stop(gettext_noop("没有开通短信服务")),
    "isv.ACCOUNT_NOT_EXISTS": _stop(gettext_noop("账号不存在")),
    "isv.ACCOUNT_ABNORMAL": _stop(gettext_noop("账号异常")),
    "isp.RAM_PERMISSION_DENY": _stop(gettext_noop("密钥没有发短信的权限")),
    "isp.SYSTEM_ERROR": Reaction("unknown", gettext_noop("网关出错，不知道有没有发出")),
    "SignatureDoesNotMatch": _stop(gettext_noop("密钥不对，签名没有通过")),
    "SignatureNonceUsed": Reaction("unknown", gettext_noop("网关收到过同一请求，不知道有没有发出")),
    "IncompleteSignature": _stop(gettext_noop("密钥不对，签名没有通过")),
    "InvalidAccessKeyId.NotFound": _stop(gettext_noop("密钥不存在")),
    "InvalidAccessKeyId.Inactive": _stop(gettext_noop("密钥已停用")),
    "InvalidAccessKeyId": _stop(gettext_noop("密钥不存在")),
    "InvalidTimeStamp.Expired": _stop(gettext_noop("本机时间不准，网关拒绝")),
    "InvalidTimeStamp.Format": _stop(gettext_noop("本机时间不准，网关拒绝")),
    "MissingParameter": _stop(gettext_noop("请求参数不对")),
    "Forbidden.RAM": _stop(gettext_noop("密钥没有发短信的权限")),
}

_LIMIT_LEVELS = (("分钟级", 60.0), ("小时级", 3600.0), ("天级", 86400.0))


def reaction_to(code: str, message: str = "") -> Reaction | None:
    """The reaction to a complete answer with this code; None when the code is not known.

    A frequency refusal names its level in the message (触发分钟级流控Permits:1): the wait follows it.
    """
    reaction = REACTIONS.get(code)
    if reaction is None or code != "isv.BUSINESS_LIMIT_CONTROL":
        return reaction
    for level, seconds in _LIMIT_LEVELS:
        if level in message:
            return Reaction(reaction.kind, reaction.meaning, fault=reaction.fault, retry_after_s=seconds)
    return reaction


@dataclass(frozen=True)
class CarrierVerdict:
    """What a carrier's result code says: delivered, or not and why, and what follows for the number."""

    delivered: bool
    reason: Reason = ""
    dead_contact: bool = False
    opt_out: bool = False


_DELIVERED = CarrierVerdict(True)
_CARRIER: dict[str, CarrierVerdict] = {
    "DELIVERED": _DELIVERED,
    "DELIVRD": _DELIVERED,
    "EXPIRED": CarrierVerdict(False, "failed_expired"),
    "REJECTD": CarrierVerdict(False, "failed_content"),
    "REJECTED": CarrierVerdict(False, "failed_content"),
    "UNDELIV": CarrierVerdict(False, "failed_unreachable"),
    "UNDELIVERED": CarrierVerdict(False, "failed_unreachable"),
    "UNKNOWN": CarrierVerdict(False, "unknown"),
    "MK:0001": CarrierVerdict(False, "failed_invalid_number", dead_contact=True),
    "MOBILE_NOT_ON_SERVICE": CarrierVerdict(False, "failed_invalid_number", dead_contact=True),
    "MK:0005": CarrierVerdict(False, "failed_suspended"),
    "MK:0010": CarrierVerdict(False, "failed_unreachable"),
    "MK:0023": CarrierVerdict(False, "failed_unreachable"),
    "MBBLACK": CarrierVerdict(False, "failed_blacklist", opt_out=True),
    "DBBLACK": CarrierVerdict(False, "failed_blacklist", opt_out=True),
    "DB:0144": CarrierVerdict(False, "failed_blacklist", opt_out=True),
    "DB:0142": CarrierVerdict(False, "failed_limit"),
    "MK:0115": CarrierVerdict(False, "failed_content"),
}
CARRIER_CODES = tuple(_CARRIER)


def carrier_verdict(code: str, message: str = "", success: bool | None = None) -> CarrierVerdict:
    """The verdict on a final report. `success` is the report's own flag and outranks the code.

    An unlisted code of a failed report is 'unknown' unless its text names an empty number (空号).
    """
    key = re.sub(r"\s", "", code).upper()
    listed = _CARRIER.get(key)
    if success is True or (success is None and listed is _DELIVERED):
        return _DELIVERED
    if listed is not None and not listed.delivered:
        return listed
    if "空号" in message:
        return CarrierVerdict(False, "failed_invalid_number", dead_contact=True)
    if "黑名单" in message:
        return CarrierVerdict(False, "failed_blacklist", opt_out=True)
    return CarrierVerdict(False, "unknown")
