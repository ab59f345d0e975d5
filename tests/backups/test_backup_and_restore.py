"""A backup holds everything but the keys; what is made of it again is the same in every table of both stores."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

import pytest

from laoke.config.backups import sealed
from tests.crash.backup_house import NICK, Kept, Template, kept, template
from tests.crash.backup_tasks import PASSPHRASE
from tests.ledgers import Ledgers, chosen_engine


@pytest.fixture(scope="module")
def made(_ledgers: Ledgers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    with template(_ledgers, chosen_engine(), tmp_path_factory.mktemp("made")) as shop:
        yield shop


@pytest.fixture
def house(ledger_url: str, made: Template, _ledgers: Ledgers, tmp_path: Path) -> Iterator[Kept]:
    """The shop in a ledger of this test's own; `ledger_url` says in which tier it stands."""
    folder = tmp_path / "kept"
    folder.mkdir()
    with kept(_ledgers, made, folder) as copy:
        yield copy


@pytest.fixture
def backup(house: Kept, tmp_path: Path) -> Path:
    target = tmp_path / "shop.backup"
    house.do("back_up", target=str(target))
    return target


@pytest.fixture
def staffed(house: Kept, tmp_path: Path) -> Path:
    """A backup of a shop in which four people work."""
    assert house.nursery.run("have_staff") == 0
    target = tmp_path / "staffed.backup"
    house.do("back_up", target=str(target))
    return target


def destroy(house: Kept) -> None:
    """Everything goes: the folders, and every table or the database's file."""
    shutil.rmtree(house.place.home)
    if house.url.startswith("sqlite"):
        for path in house.place.home.parent.glob("ledger.sqlite3*"):
            path.unlink()
        return
    import psycopg

    with psycopg.connect(house.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def test_destroyed_and_restored_is_the_same_in_every_table(house: Kept, backup: Path, tmp_path: Path) -> None:
    before, keys = house.look(), tmp_path / "keys.json"
    shutil.copy(house.place.keys, keys)
    destroy(house)

    told = house.do("restore", source=str(backup), keys=str(keys))

    after = house.look()
    assert after["ledger"].pop("shops_user") != before["ledger"].pop("shops_user")  # closed, see below
    assert after["ledger"] == before["ledger"]
    assert after["warehouse"] == before["warehouse"]
    assert len(after["warehouse"]) == 12  # six tables, now and as pinned
    assert after["lists"] == before["lists"] and len(after["lists"]) == 1
    assert (told["shops"], told["carried"], told["erased_again"]) == (["书店"], False, 0)
    assert house.nursery.run("audit_is_whole") == 0
    assert house.place.keys.read_bytes() == keys.read_bytes()
    assert house.passing_files(tmp_path) == []
    # And it lives on.
    house.import_one()
    assert house.look()["ledger"]["intake_importrun"][0] == 3
    house.do("back_up", target=str(tmp_path / "next.backup"))


def test_what_came_after_the_backup_is_gone_after_a_restore(house: Kept, backup: Path) -> None:
    before = house.look()
    house.import_one()
    assert house.look()["warehouse"] != before["warehouse"]

    house.do("restore", source=str(backup), replace=True)

    after = house.look()
    assert after["warehouse"] == before["warehouse"]
    assert after["ledger"] == before["ledger"]


def test_a_backup_has_no_key_and_no_list_in_clear_in_it(house: Kept, backup: Path) -> None:
    secrets = house.place.keys.read_text(encoding="utf-8").split('"')
    with sealed.members_of(backup, PASSPHRASE) as members:
        inside = {
            member.name: member.inflated() if member.name.endswith(".z") else member.content()
            for member in members
        }
    assert "manifest.json" in inside and "tombstones.json" in inside
    folders = {name.split("/")[0] for name in inside}
    assert folders == {"manifest.json", "tombstones.json", "ledger", "warehouse", "snapshots"}
    long_ones = [secret.encode() for secret in secrets if len(secret) > 40]
    assert len(long_ones) == 4  # three keys and the session's
    assert not [name for name, content in inside.items() for secret in long_ones if secret in content]


def test_a_home_with_data_is_replaced_only_when_asked(house: Kept, backup: Path) -> None:
    before = house.look()
    code, text = house.refused("restore", source=str(backup))
    assert (code, text) == (
        "not_empty", f"{house.place.home} 里已有数据。要用备份换掉它，加 --replace；要恢复到别处，用 --into",
    )  # fmt: skip
    assert house.look() == before


@pytest.mark.parametrize("code", ["passphrase", "damaged", "foreign", "cut"])
def test_what_does_not_open_changes_nothing(house: Kept, backup: Path, tmp_path: Path, code: str) -> None:
    before, bad = house.look(), tmp_path / "bad.backup"
    content = bytearray(backup.read_bytes())
    given = PASSPHRASE
    if code == "passphrase":
        given = "another passphrase"
    elif code == "damaged":
        content[len(content) // 2] ^= 1
    elif code == "foreign":
        content[:7] = b"PK\x03\x04abc"
    else:
        del content[-50:]
    bad.write_bytes(content)
    found, _ = house.refused("restore", source=str(bad), replace=True, passphrase=given)
    assert found == ("damaged" if code == "cut" else code)
    assert house.look() == before
    assert house.passing_files() == []


def test_the_keys_of_another_house_are_refused(house: Kept, backup: Path, tmp_path: Path) -> None:
    from laoke.shops.keys import make_key_file

    before, other = house.look(), tmp_path / "other.json"
    make_key_file(other)
    code, _ = house.refused("restore", source=str(backup), replace=True, keys=str(other))
    assert code == "other_keys"
    code, text = house.refused("restore", source=str(backup), replace=True, keys=str(tmp_path / "none.json"))
    assert code == "keys" and "--keys" in text
    assert house.look() == before


def test_a_house_at_work_is_not_restored_into(house: Kept, backup: Path) -> None:
    before = house.look()
    worker = house.nursery.fork("be_at_work", seconds=60.0)
    running = house.place.home / "running"
    while not list(running.glob("worker-*")):
        pass
    code, text = house.refused("restore", source=str(backup), replace=True)
    assert code == "running" and text.startswith("老客还开着（")
    house.nursery.kill(worker)
    assert house.look() == before
    house.do("restore", source=str(backup), replace=True)  # whoever was killed is not there any more


def test_a_session_of_somebody_else_is_waited_for_a_moment_and_then_refused(
    house: Kept, backup: Path
) -> None:
    if house.url.startswith("sqlite"):
        pytest.skip("sessions are PostgreSQL's; a SQLite house has lock files")
    import psycopg

    with psycopg.connect(house.url):
        code, text = house.refused("restore", source=str(backup), replace=True)
    assert (code, "1 个连接" in text) == ("running", True)
    short = Timer(2.0, psycopg.connect(house.url).close)
    short.start()
    house.do("restore", source=str(backup), replace=True)
    short.join()


def test_whoever_was_erased_since_stays_erased(house: Kept, backup: Path) -> None:
    assert house.nursery.run("erase", nick=NICK) == 0
    erased = house.do("people", nicks=[NICK, "客2"])
    assert list(erased["known"]) == ["客2"]

    told = house.do("restore", source=str(backup), replace=True)

    assert told["erased_again"] == 1
    after = house.do("people", nicks=[NICK, "客2"])
    assert after["known"] == erased["known"]
    assert after["tombstones"] == erased["tombstones"] > 0
    # The facts keep their orders, under a number that is nobody's.
    assert sorted(after["buyers"]) == sorted(erased["buyers"])
    assert len(after["erasures"]) == 1 and None not in after["erasures"][0]
    assert house.nursery.run("audit_is_whole") == 0


def test_a_newer_backup_tells_who_was_erased_when_the_house_itself_is_gone(
    house: Kept, backup: Path, tmp_path: Path
) -> None:
    assert house.nursery.run("erase", nick=NICK) == 0
    newer, keys = tmp_path / "newer.backup", tmp_path / "keys.json"
    house.do("back_up", target=str(newer))
    shutil.copy(house.place.keys, keys)
    destroy(house)

    told = house.do("restore", source=str(backup), keys=str(keys), erased_in=str(newer))

    assert (told["carried"], told["erased_again"]) == (False, 1)
    assert house.do("people", nicks=[NICK])["known"] == {}


def test_whoever_opted_out_since_stays_refused(house: Kept, backup: Path) -> None:
    assert house.nursery.run("opt_out", nick=NICK) == 0
    told = house.do("restore", source=str(backup), replace=True)
    assert told["refused_again"] == 1
    assert house.do("people", nicks=[])["opt_outs"] == 1


def test_a_round_that_ran_waits_for_a_person(house: Kept, tmp_path: Path) -> None:
    assert house.nursery.run("run_a_round") == 0
    target = tmp_path / "running.backup"
    house.do("back_up", target=str(target))
    told = house.do("restore", source=str(target), replace=True)
    assert told["paused"] == ["第一轮"]
    [[name, state, reason]] = house.do("rounds")["rounds"]
    assert (name, state) == ("第一轮", "paused") and reason.startswith("恢复自 2018-12-31 09:00:00 的备份")


def test_tokens_of_before_end_and_connections_wait_for_a_person(house: Kept, tmp_path: Path) -> None:
    target = tmp_path / "open.backup"
    assert house.nursery.run("open_doors") == 0
    house.do("back_up", target=str(target))
    assert house.do("doors")["revoked"] == [False]

    house.do("restore", source=str(target), replace=True)

    assert house.do("doors") == {"revoked": [True], "connections": [["paused", None]]}
    assert house.nursery.run("audit_is_whole") == 0


def test_who_may_come_in_is_who_might_before_the_restore(house: Kept, staffed: Path) -> None:
    assert house.nursery.run("change_staff") == 0
    before = house.do("accounts")["accounts"]
    assert before["stays"] == [True, "the second one", ["operator"]]
    assert before["leaves"] == [True, "the first one", []]

    told = house.do("restore", source=str(staffed), replace=True)

    assert (told["carried"], told["closed"], told["owners"]) == (True, [], [])
    after = house.do("accounts")
    assert after == {"accounts": before, "closed": []}
    assert before["falls"] == [True, "the first one", ["designer"]]
    assert before["comes"] == [True, None, ["service"]]
    assert house.nursery.run("audit_is_whole") == 0


def test_an_account_that_the_replaced_ledger_does_not_know_is_closed_and_keeps_its_role(
    house: Kept, staffed: Path
) -> None:
    assert house.nursery.run("forget_account", username="falls") == 0
    told = house.do("restore", source=str(staffed), replace=True)
    assert (told["closed"], told["owners"]) == (["falls"], [])
    after = house.do("accounts")
    assert after["closed"] == ["falls"]
    assert after["accounts"]["falls"] == [False, "the first one", ["owner"]]
    assert after["accounts"]["stays"] == [True, "the first one", ["operator"]]


def test_where_nobody_knows_who_left_every_account_is_closed_until_it_is_opened(
    house: Kept, staffed: Path, tmp_path: Path
) -> None:
    keys = tmp_path / "keys.json"
    shutil.copy(house.place.keys, keys)
    destroy(house)

    told = house.do("restore", source=str(staffed), keys=str(keys))

    everybody = ["boss", "falls", "leaves", "stays"]
    assert (told["carried"], told["closed"], told["owners"]) == (
        False,
        everybody,
        ["boss", "leaves", "falls"],
    )
    assert [house.do("accounts")["accounts"][name][0] for name in everybody] == [False] * 4
    assert house.nursery.run("open_account", username="boss") == 0
    after = house.do("accounts")["accounts"]
    assert after["boss"] == [True, None, ["owner"]]
    assert [after[name][0] for name in everybody[1:]] == [False] * 3


def test_a_backup_never_takes_the_place_of_a_file(house: Kept, backup: Path) -> None:
    content = backup.read_bytes()
    assert house.refused("back_up", target=str(backup)) == ("exists", f"{backup} 已有文件，不覆盖。换个名字")
    assert backup.read_bytes() == content
    code, _ = house.refused("back_up", target=str(backup.parent / "none" / "x.backup"))
    assert code == "no_folder"


def test_two_backups_at_once_are_one_after_the_other(house: Kept, tmp_path: Path) -> None:
    first = house.nursery.fork("back_up", target=str(tmp_path / "a.backup"), slow=0.5)
    while not (house.place.home / "backup.lock").exists() or not list(tmp_path.glob(".laoke-*.part")):
        pass
    assert house.refused("back_up", target=str(tmp_path / "b.backup")) == (
        "busy", "另一个备份正在做，等它完成再试",
    )  # fmt: skip
    assert house.nursery.wait(first, 60.0) == 0
    assert (tmp_path / "a.backup").exists() and not (tmp_path / "b.backup").exists()


def test_a_backup_while_imports_run_holds_whole_imports_only(house: Kept, tmp_path: Path) -> None:
    target = tmp_path / "meanwhile.backup"
    backing = house.nursery.fork("back_up", target=str(target), slow=0.2)
    while not list(tmp_path.glob(".laoke-*.part")):
        pass
    at_the_moment = house.look()
    house.import_one()
    house.import_one()
    assert house.nursery.wait(backing, 60.0) == 0
    assert house.look()["warehouse"] != at_the_moment["warehouse"]

    house.do("restore", source=str(target), replace=True)

    after = house.look()
    assert after["warehouse"] == at_the_moment["warehouse"]
    assert after["ledger"]["intake_importrun"] == at_the_moment["ledger"]["intake_importrun"]


@pytest.mark.parametrize("room", [0, 60, 5_000, 60_000])
def test_a_full_disk_leaves_nothing(house: Kept, tmp_path: Path, room: int) -> None:
    """By a file that has room for so many bytes."""
    target = tmp_path / "full.backup"
    code, text = house.refused("back_up_to_a_full_disk", target=str(target), room=room)
    assert (code, text) == ("no_room", f"{target} 写到一半磁盘满了，没留下半个文件。腾出地方，或换一块盘")
    assert not target.exists() and house.passing_files(tmp_path) == []


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("only root may mount a small disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_small_disk_is_full_and_holds_nothing_afterwards(house: Kept, tmp_path: Path) -> None:
    """By a disk that is this small."""
    with small_disk(tmp_path / "disk", "64k") as disk:
        code, _ = house.refused("back_up", target=str(disk / "full.backup"))
        assert code == "no_room"
        assert list(disk.iterdir()) == []


def test_a_restore_into_a_small_disk_changes_nothing(house: Kept, backup: Path, tmp_path: Path) -> None:
    if not house.url.startswith("sqlite"):
        pytest.skip("the database server has a disk of its own")
    from laoke.shops.place import Place
    from tests.crash.nursery import Nursery

    with small_disk(tmp_path / "disk", "300k") as disk:
        environment = {"LAOKE_HOME": str(disk), "LAOKE_KEY_FILE": str(house.place.keys)}
        with Nursery(f"sqlite:///{disk}/db.sqlite3", environment, "tests.crash.backup_tasks") as nursery:
            other = Kept(nursery, Place(disk), house.folder)
            code, text = other.refused("restore", source=str(backup))
        assert (code, text) == ("no_room", "磁盘满了，恢复不下。什么都没有动；腾出地方再来")
        assert other.passing_files() == []
