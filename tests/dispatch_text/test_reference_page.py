"""The reference page names every code, variable and gateway, with the figures that the code uses."""

from pathlib import Path

from laoke.dispatch.text.gateways import GATEWAYS
from laoke.dispatch.text.messages import SENTENCES, VARIABLE_LABELS
from laoke.dispatch.text.variables import VARIABLES

PAGE = (Path(__file__).parents[2] / "docs/reference/message-text.md").read_text(encoding="utf-8")


def test_every_code_is_on_the_page():
    codes = PAGE[PAGE.index("## Codes") :].replace(",", " ").split()
    assert [code for code in SENTENCES if code not in codes] == []


def test_every_variable_stands_with_its_lengths():
    for variable in VARIABLES.values():
        lengths = f"{variable.shortest} | {variable.usual} | {variable.longest}"
        assert f"| {variable.name} | {VARIABLE_LABELS[variable.name]} | {lengths} |" in PAGE


def test_every_gateway_stands_with_its_hours():
    for rules in GATEWAYS.values():
        hours = "as aliyun" if rules.is_loopback else str(rules.marketing)
        assert f"| {rules.name} | {hours} |" in PAGE
