"""Published signature vectors of Aliyun, and what a signature check must not let through."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pytest

from laoke.dispatch.channels.aliyun import signing

EMPTY = hashlib.sha256(b"").hexdigest()
SEND_HEADERS = {
    "host": "dysmsapi.aliyuncs.com",
    "x-acs-action": "SendSms",
    "x-acs-content-sha256": EMPTY,
    "x-acs-date": "2024-01-01T00:00:00Z",
    "x-acs-signature-nonce": "0123456789abcdef0123456789abcdef",
    "x-acs-version": "2017-05-25",
}
SEND_QUERY = [
    ("PhoneNumbers", "13800000000"),
    ("SignName", "测试店铺"),
    ("TemplateCode", "SMS_1"),
    ("TemplateParam", '{"name":"张三"}'),
]
SEND_SIGNATURE = "3fc3cf1409a3d02b858efffbe12c206dce8e1cf2cb59e7fdbdc3cf6eccc48e14"
REGIONS = [
    ("AccessKeyId", "testid"),
    ("Action", "DescribeRegions"),
    ("Format", "XML"),
    ("SignatureMethod", "HMAC-SHA1"),
    ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
    ("SignatureVersion", "1.0"),
    ("Timestamp", "2016-02-23T12:46:24Z"),
    ("Version", "2014-05-26"),
]
REGIONS_SIGNATURE = "OLeaidS1JvxuMvnyHOwuJ+uX5qY="


def test_the_published_acs3_vector_comes_out() -> None:
    headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": EMPTY,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    query = [
        ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
        ("RegionId", "cn-shanghai"),
    ]
    signature = signing.acs3_signature("POST", query, headers, sorted(headers), EMPTY, "YourAccessKeySecret")
    assert signature == "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"


def test_the_send_vector_with_chinese_values_comes_out() -> None:
    signature = signing.acs3_signature(
        "POST", SEND_QUERY, SEND_HEADERS, sorted(SEND_HEADERS), EMPTY, "testsecret"
    )
    assert signature == SEND_SIGNATURE


def test_the_published_rpc_v1_vector_comes_out() -> None:
    assert signing.rpc_v1_signature("GET", REGIONS, "testsecret") == REGIONS_SIGNATURE


def signed_headers(signature: str = SEND_SIGNATURE, names: list[str] | None = None) -> dict[str, str]:
    listed = ";".join(names or sorted(SEND_HEADERS))
    authorization = f"ACS3-HMAC-SHA256 Credential=testid,SignedHeaders={listed},Signature={signature}"
    return {**SEND_HEADERS, "authorization": authorization}


def code_of(headers: Mapping[str, str], body: bytes = b"", keys: Mapping[str, str] | None = None) -> str:
    with pytest.raises(signing.SignatureRefused) as refused:
        signing.check_acs3("POST", SEND_QUERY, headers, body, keys or {"testid": "testsecret"})
    return refused.value.code


def test_a_true_acs3_call_tells_action_nonce_and_time() -> None:
    call = signing.check_acs3("POST", SEND_QUERY, signed_headers(), b"", {"testid": "testsecret"})
    assert (call.action, call.nonce) == ("SendSms", "0123456789abcdef0123456789abcdef")
    assert call.signed_at.isoformat() == "2024-01-01T00:00:00+00:00"


def test_a_wrong_secret_signature_or_key_is_refused() -> None:
    assert code_of(signed_headers(), keys={"testid": "other"}) == "SignatureDoesNotMatch"
    assert code_of(signed_headers("0" * 64)) == "SignatureDoesNotMatch"
    assert code_of(signed_headers(), keys={"other": "testsecret"}) == "InvalidAccessKeyId.NotFound"


def test_a_body_that_the_signature_does_not_cover_is_refused() -> None:
    assert code_of(signed_headers(), body=b"PhoneNumberJson=[]") == "SignatureDoesNotMatch"


def test_an_unsigned_action_is_refused_even_with_a_true_signature_of_the_rest() -> None:
    names = sorted(set(SEND_HEADERS) - {"x-acs-action"})
    signature = signing.acs3_signature("POST", SEND_QUERY, SEND_HEADERS, names, EMPTY, "testsecret")
    assert code_of(signed_headers(signature, names)) == "IncompleteSignature"


@pytest.mark.parametrize(
    "header", ["", "ACS3-HMAC-SHA256", "Basic abc", "ACS3-HMAC-SHA256 Credential=testid"]
)
def test_an_incomplete_authorization_is_refused(header: str) -> None:
    assert code_of({**SEND_HEADERS, "authorization": header}) == "IncompleteSignature"


def test_an_rpc_v1_call_is_checked_with_its_signature_left_out() -> None:
    call = signing.check_rpc_v1("GET", [*REGIONS, ("Signature", REGIONS_SIGNATURE)], {"testid": "testsecret"})
    assert call.action == "DescribeRegions"
    with pytest.raises(signing.SignatureRefused) as refused:
        signing.check_rpc_v1("POST", [*REGIONS, ("Signature", REGIONS_SIGNATURE)], {"testid": "testsecret"})
    assert refused.value.code == "SignatureDoesNotMatch"


def test_an_rpc_v1_call_without_a_nonce_is_refused() -> None:
    pairs = [(name, value) for name, value in REGIONS if name != "SignatureNonce"]
    with pytest.raises(signing.SignatureRefused) as refused:
        signing.check_rpc_v1("GET", [*pairs, ("Signature", "x")], {"testid": "testsecret"})
    assert refused.value.code == "MissingParameter"
