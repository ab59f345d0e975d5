"""`laoke check` tells the launch checks with the marks that `laoke sign-check` takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

if TYPE_CHECKING:
    from tests.campaigns.stores import Store

pytestmark = pytest.mark.django_db


def laoke(*words: str, code: int = 0, as_json: bool = True) -> Any:
    from laoke.config.cli import app

    done = CliRunner().invoke(app, [*(["--json"] if as_json else []), *words])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if as_json else done.stdout


def test_a_block_is_shown_with_its_mark_and_signed_for_by_the_owner_only(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.campaigns.test_launching import campaign, for_some, person, use

    monkeypatch.setenv("LAOKE_NOW", f"={store.now:%Y-%m-%d %H:%M}")
    one = campaign(store)
    use(store, one, for_some(store))
    person(store, "yunying", "operator")

    told = laoke("check", "双11")["launch"]
    [finding] = told["findings"]
    assert (told["ready"], told["complexity"]) == (False, {"points": 2, "band": "easy"})
    assert (finding["rule"], finding["severity"], finding["sure"], finding["signed"]) == (
        "C28",
        "block",
        "P",
        None,
    )
    mark = finding["state"][:12]
    assert f"✗ C28 [{mark}] 「老客页面价」只给「高价值」" in laoke("check", "双11", as_json=False)

    refused = laoke("sign-check", "双11", mark, "--reason", "公布了", "--by", "yunying", code=1)
    assert refused["error"] == "launch_role"
    for wrong in (mark[:11], "0" * 12):
        answer = laoke("sign-check", "双11", wrong, "--reason", "公布了", "--by", "boss", code=1)
        assert answer["error"] == "launch_changed"
    signed = laoke("sign-check", "双11", mark, "--reason", "公布了", "--by", "boss")
    assert (signed["code"], signed["state"]) == ("price_for_some", finding["state"])
    told = laoke("check", "双11")["launch"]
    assert told["ready"] is True and "签字放行：公布了" in told["findings"][0]["signed"]
