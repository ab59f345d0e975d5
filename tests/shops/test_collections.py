"""Bulk work that tells Python to look for reference cycles seldom, and gives the setting back."""

import gc

from laoke.shops.bulk import few_collections


def test_the_threshold_is_back_when_the_last_of_those_within_has_left():
    before = gc.get_threshold()
    first, second = few_collections(), few_collections()

    first.__enter__()
    second.__enter__()
    within = gc.get_threshold()
    first.__exit__(None, None, None)
    one_left = gc.get_threshold()
    second.__exit__(None, None, None)

    assert within == one_left == (1_000_000, 20, 20)
    assert gc.get_threshold() == before
