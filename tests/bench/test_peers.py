"""Peers are run by their own scripts from a folder that somebody set up; their figures stand beside ours."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path

import pytest

from laoke.config.bench import peers
from laoke.config.bench.measures import Measured
from laoke.config.bench.running import run_benches

OSCAR = {"figure": "promo_pricing", "peer": "django-oscar 4.2.1, Applicator.apply on loaded baskets"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of peers whose scripts print what `says` tells them to."""
    (tmp_path / "v_msg" / "bin").mkdir(parents=True)
    (tmp_path / "v_msg" / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / "bench").mkdir()
    return tmp_path


def says(folder: Path, script: str, *lines: object) -> None:
    printed = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "bench" / script).write_text(
        "\n".join(f"print({line!r})" for line in printed), encoding="utf-8"
    )


def test_the_figure_of_the_named_line_is_taken_in_our_unit(folder: Path) -> None:
    says(
        folder, "b3_oscar.py", "warming up", {**OSCAR, "peer": "django-oscar, load basket", "value": 5.0, "per_s": 40},
        {**OSCAR, "value": 3.9, "per_s": 51.0, "cpu_s": 3.8},
    )  # fmt: skip
    [oscar] = peers.peers_of("pricing", folder)
    [found] = peers.measured(oscar, folder)
    assert found == Measured(
        "pricing_single", 51.0, 0, 0.0, 3.8,
        note="django-oscar 4.2.1, Applicator.apply on loaded baskets; same offers and kind of baskets, loaded",
    )  # fmt: skip


def test_seconds_of_a_segment_become_milliseconds() -> None:
    [duckdb] = peers.PEERS["segment_count"]
    line = {"figure": "segment_10m_city", "peer": "duckdb 1.5 on Parquet", "value": 0.41}
    assert peers._as_ours(duckdb, line).value == pytest.approx(410.0)


def test_a_script_without_the_figure_is_a_failure_with_its_words(folder: Path) -> None:
    says(folder, "b3_oscar.py", "no Oscar here")
    [oscar] = peers.peers_of("pricing", folder)
    with pytest.raises(peers.PeerFailed, match="django-oscar: no figure promo_pricing in no Oscar here"):
        list(peers.measured(oscar, folder))


def test_a_peer_without_its_environment_is_left_out(folder: Path) -> None:
    assert [peer.side for peer in peers.peers_of("sending", folder)] == [
        "celery + redis", "dramatiq + redis", "huey + sqlite", "procrastinate + postgres", "django outbox + sqlite",
    ]  # fmt: skip
    assert peers.peers_of("import_peers_file", folder) == ()
    assert peers.peers_of("pricing", None) == ()


def test_every_peer_names_a_figure_of_its_bench() -> None:
    from laoke.config.bench import NAMES, PEERS_ONLY, bench_named

    for name, found in peers.PEERS.items():
        assert name in (*NAMES, *PEERS_ONLY)
        assert {peer.ours for peer in found} <= set(bench_named(name).figures)


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_the_ratio_is_ours_over_the_peers(folder: Path) -> None:
    says(folder, "b3_oscar.py", {**OSCAR, "value": 3.9, "per_s": 50.0})
    lines = {
        (line.figure, line.side): line
        for line in run_benches(["pricing"], "small", day=date(2026, 11, 11), peers_folder=folder)
    }
    ours, theirs = lines["pricing_single", "laoke"], lines["pricing_single", "django-oscar"]
    assert theirs.ratio_to_ours == pytest.approx(ours.value / 50.0, rel=0.01)
