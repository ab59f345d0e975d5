"""Signatures of the platform: the published vector, our own ones, and what is left out of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from laoke.intake.top.signing import is_signed, sign, sign_line

CALL = {
    "method": "taobao.item.seller.get", "app_key": "12345678", "session": "test", "timestamp": "2016-01-01 12:00:00",
    "format": "json", "v": "2.0", "fields": "num_iid,title,nick,price,num", "num_iid": "11223344",
}  # fmt: skip
SIGNS = {
    "md5": "66987CB115214E59E6EC978214934FB8",
    "hmac": "D56D7858309C31B6251083A874D48273",
    "hmac-sha256": "04DB15AD0774D5CFCE2C837DE43E3FCEA9011ED74F3038FB6AB5F3C4CEA119E8",
}


@pytest.mark.parametrize(("method", "expected"), SIGNS.items())
def test_the_signature_is_that_of_the_vector(method: str, expected: str) -> None:
    assert sign({**CALL, "sign_method": method}, "helloworld", method) == expected


def test_the_signature_of_a_line_is_that_of_the_vector() -> None:
    expected = "2E03D1348D7B65A366F8DB4BD1435983"
    assert sign_line("12345678", "default", "1451620800000", "helloworld") == expected


def test_both_signatures_are_those_of_the_independent_reckoning(shared: Path) -> None:
    """Written from the documentation without a look at ours."""
    path = shared.parent / "sms" / "vectors.py"
    if not path.is_file():
        pytest.skip("no vectors here")
    spec = importlib.util.spec_from_file_location("vectors", path)
    assert spec is not None and spec.loader is not None
    vectors = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(vectors)
    for number, method in enumerate(SIGNS):
        told = {**CALL, "sign_method": method, "title": "四件套 1.8m", "num_iid": str(number), "empty": ""}
        assert sign(told, "s3cret", method) == vectors.top_sign(told, "s3cret", method)
    assert sign_line("1", "g", "2", "s") == vectors.tmc_sign("1", "g", "2", "s")


def test_empty_values_and_the_signature_itself_are_not_signed() -> None:
    params = {**CALL, "sign_method": "md5", "sign": "ANYTHING", "partner_id": ""}
    assert sign(params, "helloworld", "md5") == SIGNS["md5"]


def test_text_is_signed_as_utf8_before_it_is_encoded_for_the_address() -> None:
    assert sign({"nick": "小圆"}, "s", "md5") == "5932F4D01152387DF6BF9E36615C9C5D"


@pytest.mark.parametrize("method", SIGNS)
def test_a_changed_parameter_or_secret_is_noticed(method: str) -> None:
    params = {**CALL, "sign_method": method}
    params["sign"] = sign(params, "helloworld", method)
    assert is_signed(params, "helloworld")
    assert not is_signed({**params, "num_iid": "11223345"}, "helloworld")
    assert not is_signed(params, "helloworle")


def test_a_sign_method_of_another_world_is_refused() -> None:
    with pytest.raises(ValueError, match="md5, hmac, hmac-sha256"):
        sign(CALL, "helloworld", "sha1")
    assert not is_signed({**CALL, "sign_method": "sha1", "sign": "X"}, "helloworld")
