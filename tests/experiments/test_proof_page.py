"""The page on proof prints the vectors that people are placed by."""

import re
from pathlib import Path

from laoke.experiments.assignment import mix, salt_of

PAGE = (Path(__file__).parents[2] / "docs/why/proof.md").read_text(encoding="utf-8")


def test_the_printed_vectors_hold():
    rows = re.findall(r"^\| (\d+) \| (\d+) \| (\d+) \|$", PAGE, flags=re.MULTILINE)
    assert len(rows) == 9
    assert all(mix(int(person_id), int(salt)) == int(found) for person_id, salt, found in rows)
    assert f'`salt_of("campaign", 1, 7)` is {salt_of("campaign", 1, 7)}' in PAGE
