"""The ground every test stands on: a passing home folder, one database, no network, a clock that stands still.

Every test belongs to exactly one tier (marker), found from where it lies and what it uses; authors mark only
`slow`, `prove` and `bench`. Nothing here knows a domain: people and shops are in `tests/people.py`, whose fixtures are
imported here, once for all.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path

import django.conf
import hypothesis
import pytest
from django.utils import translation

from tests import offline
from tests.ledgers import Ledgers, chosen_engine, postgres_url

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"

# --- Before Django is loaded: a home of our own, so that no test ever meets a shop's data.
if django.conf.settings.configured:
    raise pytest.UsageError(
        "Django was loaded before the tests' own home was made: unset DJANGO_SETTINGS_MODULE"
    )
SESSION_HOME = Path(tempfile.mkdtemp(prefix="laoke-test-"))
os.environ["LAOKE_HOME"] = str(SESSION_HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "laoke.config.settings"
# Processes that are started from this one find here what it migrated, or it finds what the run did.
TEMPLATES = Path(os.environ.setdefault("LAOKE_TEST_TEMPLATES", str(SESSION_HOME / "templates")))
for _name in ("LAOKE_KEY_FILE", "LAOKE_NOW", "LAOKE_DEBUG", "LAOKE_ENGINE", "LAOKE_TABLES", "DATABASE_URL"):
    os.environ.pop(_name, None)
if chosen_engine() == "postgres":
    os.environ["DATABASE_URL"] = postgres_url()

from django.conf import settings as django_settings  # noqa: E402

from laoke.shops.clock import Clock, parse_clock  # noqa: E402
from laoke.shops.keys import make_key_file  # noqa: E402
from laoke.shops.place import Place  # noqa: E402
from tests.emptying import empty_quickly  # noqa: E402
from tests.people import demo, demo_rows  # noqa: E402

__all__ = ["demo", "demo_rows"]

Place(SESSION_HOME).make()
make_key_file(Place(SESSION_HOME).keys)
if chosen_engine() == "sqlite":
    _database = django_settings.DATABASES["default"]
    # A file, not memory: threads and second processes see the same rows. A test database need not survive
    # a power cut.
    _database.setdefault("TEST", {})["NAME"] = str(SESSION_HOME / "test.sqlite3")
    _options = _database["OPTIONS"]
    _options["init_command"] = _options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

empty_quickly()

hypothesis.settings.register_profile("laoke", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("laoke")

FOLDER_TIERS = {"flows": "flow", "browser": "browser", "crash": "crash", "spark": "spark"}
MARKED_TIERS = ("prove", "bench", "slow")
LEDGER_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server", "ledger_url"}


def tier_of(item: pytest.Item) -> str:
    """The tier a test runs in: what its author marked, else its folder, else whether it touches the ledger."""
    for marked in MARKED_TIERS:
        if item.get_closest_marker(marked):
            return marked
    folder = (
        item.path.relative_to(ROOT / "tests").parts[0] if item.path.is_relative_to(ROOT / "tests") else ""
    )
    if folder in FOLDER_TIERS:
        return FOLDER_TIERS[folder]
    return "ledger" if uses_ledger(item) else "pure"


def uses_ledger(item: pytest.Item) -> bool:
    """Whether a test says by its mark or its fixtures that it touches the ledger."""
    used = LEDGER_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    return bool(used) or item.get_closest_marker("django_db") is not None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Read all tests without looking for rubbish: all of it stays, and looking took a sixth of the reading."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


# First of all, so that -m sees the tiers.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its tier."""
    for item in items:
        item.add_marker(tier_of(item))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Migrate before the first test that needs it: on a busy machine it takes longer than one test may."""
    if not session.config.option.collectonly and any(map(uses_ledger, session.items)):
        Ledgers(TEMPLATES, SESSION_HOME).make_ready()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A crash test that asks for a ledger runs on both databases; elsewhere the run has chosen."""
    if "ledger_url" in metafunc.fixturenames:
        in_crash = metafunc.definition.path.is_relative_to(ROOT / "tests" / "crash")
        engines = ["sqlite", "postgres"] if in_crash else [chosen_engine()]
        metafunc.parametrize("ledger_url", engines, indirect=True)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Let every parallel process make its own home: with this inherited it would load Django before that."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(SESSION_HOME, ignore_errors=True)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    with offline.only_loopback():
        yield


@pytest.fixture(autouse=True)
def _chinese_again() -> Iterator[None]:
    """A request leaves its language with the thread; the next test begins with the shop's own."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real order exports that lies beside the project; the test is skipped where there is none."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/data beside the project")
    return SHARED


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at 10 o'clock on the day before Double 11's first round."""
    return parse_clock("=2026-10-31 10:00")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A LAOKE_HOME of this test's own, folders and keys made; child processes see it too. People name folders so."""
    place = Place(tmp_path / "我的 店铺")
    place.make()
    make_key_file(place.keys)
    monkeypatch.setenv("LAOKE_HOME", str(place.home))
    monkeypatch.setattr(django_settings, "PLACE", place)
    return place.home


@pytest.fixture(scope="session")
def _ledgers() -> Ledgers:
    return Ledgers(TEMPLATES, SESSION_HOME)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, _ledgers: Ledgers
) -> None:
    """Called by pytest-django before it makes the test database."""
    _ledgers.lay_under(django_settings.DATABASES["default"])


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    """Asked by pytest-django: a file that lies there is to be used, not to be made anew. It goes with the home."""
    return chosen_engine() == "sqlite"


@pytest.fixture
def ledger_url(request: pytest.FixtureRequest, _ledgers: Ledgers, tmp_path: Path) -> Iterator[str]:
    """DATABASE_URL of an empty, migrated ledger of this test's own, for child processes to open."""
    with _ledgers.fresh(request.param, tmp_path) as url:
        yield url
