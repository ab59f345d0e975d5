"""Who may open what: every address has a mark, strangers and other shops get nothing, changes need POST and a token."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from laoke.customers.models import Tag
from laoke.dispatch.models import Gateway
from laoke.shops.models import Owner, Role, Shop, Staff, User
from tests.people import NOW, PASSWORD, Demo
from tests.web_security.addresses import NAMES, WITH_ARGUMENTS, Made, address, furnished, patterns

pytestmark = pytest.mark.django_db

# What systems call: a token in the header opens it, and no session does (tests/web_api/test_tokens.py).
API = {
    "api_facts", "api_batch", "api_coupon_quote", "api_coupon_act", "api_description", "api_filter_schema",
    "api_nowhere", "api_points_act", "api_lottery_act", "api_referral_act",
}  # fmt: skip
OPEN = {"login", "logout", "language", "hook", *API}
# These name a kind of figures, of which every shop has its own, or what is done to the orders of a form, and no thing.
KINDS = {"imports_health_differences", "imports_health_waits", "fake_orders_decide"}
# What anyone who has signed in may do for themselves, without a shop.
OWN = {"profile", "password", "shop_switch", "session_ping"}
# Reading these is an act that is answered for: the audit trail grows by a row.
AUDITED = {"settings_audit_export", "customers_export", "price_file", "campaign_setup_file"}
# The list of segments keeps the counts it shows.
COUNTED = {"segments"}


@pytest.fixture
def made(demo: Demo) -> Made:
    return furnished(demo)


@pytest.fixture
def stranger(demo: Demo) -> User:
    """The owner of a shop of somebody else in the same installation."""
    shop = Shop.objects.create(
        owner=Owner.objects.create(name="别家"), name="别家的店", created_at=NOW, is_demo=True
    )
    user = User.objects.create_user("biejia", password=PASSWORD)
    Staff.objects.create(user=user, shop=shop, role=Role.OWNER)
    return user


def test_every_view_says_who_may_use_it() -> None:
    marks = {str(one.name): getattr(one.callback, "allowed_roles", "nobody was named") for one in patterns()}
    assert [name for name, roles in marks.items() if roles == "nobody was named"] == []
    assert {name for name, roles in marks.items() if roles is None} == OPEN


def test_a_stranger_is_led_to_the_door(made: Made) -> None:
    wrong = []
    for name in sorted(set(NAMES) - OPEN):
        for ask in (Client().get, Client().post):
            answer = ask(address(name, made.things))
            if answer.status_code != 405 and not answer.headers.get("Location", "").startswith(
                "/login/?next="
            ):
                wrong.append((name, answer.status_code))
    assert wrong == []


def test_what_is_another_shops_is_not_there(demo: Demo, made: Made, stranger: User) -> None:
    client = demo.client(stranger)
    before = contents()
    wrong = []
    for name in sorted(set(WITH_ARGUMENTS) - KINDS):
        for ask in (client.get, client.post):
            answer = ask(address(name, made.things))
            if answer.status_code not in ((401, 404, 405) if name in API else (404, 405)):
                wrong.append((name, answer.status_code))
    assert wrong == []
    assert changed(before) == set()


def test_the_shop_itself_finds_what_others_do_not(demo: Demo, made: Made) -> None:
    """Else the test above would pass by a wrong number."""
    client = demo.client()
    found = {}
    for name in sorted(set(WITH_ARGUMENTS) - {"hook", *API, *LAST}) + LAST:
        with transaction.atomic():
            url = address(name, made.things)
            answer = client.get(url)
            found[name] = client.post(url).status_code if answer.status_code == 405 else answer.status_code
            if answer.streaming:
                list(answer.streaming_content)  # a file that was opened is closed by reading it to its end
            transaction.set_rollback(True)
    missing = {name for name, status in found.items() if status in (404, 405)}
    # These look for a thing within the thing, which an empty form does not name.
    assert missing <= {"campaign_offers", "customer_untag", "import_quarantine"}


def test_looking_changes_nothing(demo: Demo, made: Made) -> None:
    client = demo.client()
    wrong, before = {}, contents()
    for name in NAMES:
        answer = client.get(address(name, made.things))
        assert answer.status_code < 500, name
        if answer.streaming:
            b"".join(answer)
        expected = (
            {"shops_auditevent"} if name in AUDITED else {"audiences_segment"} if name in COUNTED else set()
        )
        after = contents()
        if found := differing(before, after) - expected:
            wrong[name] = found
        before = after
    assert wrong == {}


def test_a_form_from_elsewhere_is_refused(demo: Demo, made: Made) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(demo.owner, backend="django.contrib.auth.backends.ModelBackend")
    before = contents()
    statuses = {name: client.post(address(name, made.things)).status_code for name in NAMES}
    # without a session there is nothing that a form could ride on
    tokens = {"api_facts": 401, "api_coupon_quote": 401, "api_coupon_act": 401, "api_nowhere": 404}
    tokens |= dict.fromkeys(("api_points_act", "api_lottery_act", "api_referral_act"), 401)
    tokens |= dict.fromkeys(("api_batch", "api_description", "api_filter_schema"), 405)
    assert {name: status for name, status in statuses.items() if status != 403} == {"hook": 404, **tokens}
    assert changed(before) == set()


def test_a_one_time_password_opens_nothing_but_its_change(demo: Demo, made: Made) -> None:
    User.objects.filter(pk=demo.owner.pk).update(must_change_password=True)
    client, wrong = demo.client(), []
    for name in sorted(set(NAMES) - OPEN - OWN):
        answer = client.get(address(name, made.things))
        if answer.status_code != 405 and answer.headers.get("Location") != reverse("password"):
            wrong.append((name, answer.status_code))
    assert wrong == []


# A digit that int() does not read, numbers no database and no int() takes, and marks.
# Takes a file away, which no rolled back transaction brings again.
LAST = ["group_file_use", "group_file_drop", "import_drop"]
HOSTILE = ("²", "9" * 40, "9" * 5000, "-1", '"><script>x</script>../../\\[')
FIELDS = """
q after before tab state act sort reason from to of text
year_from days_from r_score month day view product_1 case mechanic next ids importance
in_charge person seed segment message no layout new_tag tag channel field number role shop
way until name username password sent offer offers holdout opens_at closes_at rest
grain column platform_activity_id evidence query language files first last quantity_1 campaign phase
bad archived source period base who round after_id
purpose capacity kind platform joined_on invite gone promised_by words order_id done group
activity_id link planned_issued issued taken used as_of until offer_name counted_until
""".split()


@pytest.mark.parametrize("nonsense", HOSTILE, ids=range(len(HOSTILE)))
def test_nonsense_in_an_address_or_a_form_is_no_trouble(demo: Demo, made: Made, nonsense: str) -> None:
    client, wrong = demo.client(), []
    client.raise_request_exception = False
    for name in sorted(set(NAMES) - {"logout", *LAST}) + LAST:
        for ask in (client.get, client.post):
            with transaction.atomic():
                answer = ask(address(name, made.things), dict.fromkeys(FIELDS, nonsense))
                transaction.set_rollback(True)
            if answer.streaming:
                b"".join(answer)
            if answer.status_code >= 500 or (not answer.streaming and b"<script>x" in answer.content):
                wrong.append((name, ask.__name__, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("number", [2**63, 10**30])
def test_a_number_too_large_for_any_row_is_not_found(demo: Demo, made: Made, number: int) -> None:
    client, wrong = demo.client(), []
    client.raise_request_exception = False
    for name in sorted(set(WITH_ARGUMENTS) - {"hook", "api_batch", "fake_orders_decide"}):
        things = made.things[name].items()
        url = reverse(name, kwargs={key: value if key == "decision" else number for key, value in things})
        for ask in (client.get, client.post):
            status = ask(url).status_code
            if status not in (404, 405):
                wrong.append((name, status))
    assert wrong == []


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/static/laoke/app.js", "/static/nowhere.js", "/login/", "/customers/"]
)
def test_every_answer_carries_the_policy(demo: Demo, path: str) -> None:
    for client in (Client(), demo.client()):
        answer = client.get(path)
        if answer.streaming:
            b"".join(answer)
        assert "script-src 'self'" in answer["Content-Security-Policy"]
        assert answer["X-Content-Type-Options"] == "nosniff"


def test_a_foreign_host_is_refused_under_the_policy() -> None:
    answer = Client().get("/login/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:x"]
)
def test_nobody_is_led_away_by_an_address(demo: Demo, target: str) -> None:
    signed_in = demo.client().get(reverse("login"), {"next": target})
    assert signed_in["Location"] == "/"
    answer = Client().post(reverse("login"), {"username": "boss", "password": PASSWORD, "next": target})
    assert answer["Location"] == "/"
    assert Client().post(reverse("language"), {"language": "en", "next": target})["Location"] == "/login/"
    came = f"http://testserver{target}" if target.startswith("/") else target
    for name in ("customers_columns", "customers_tag"):
        back = demo.client().post(reverse(name), headers={"referer": came})["Location"]
        assert back.startswith("/")
        assert not back.startswith(("//", "/\\"))


def test_signing_in_gives_a_new_session(demo: Demo) -> None:
    client = demo.client(demo.service)
    planted = client.session.session_key
    client.post(reverse("logout"))
    client.cookies["sessionid"] = planted
    client.post(reverse("login"), {"username": "boss", "password": PASSWORD})
    assert client.session.session_key != planted


def test_an_address_with_nul_is_refused(demo: Demo) -> None:
    client = demo.client()
    assert client.get("/offers/?q=a%00b").status_code == 400
    assert client.get("/hooks/aliyun/a%00b/").status_code == 400


@pytest.mark.parametrize("kind", ["name", "value", "beside a file"])
def test_a_form_with_nul_is_refused_and_changes_nothing(demo: Demo, kind: str) -> None:
    client, before = demo.client(), Tag.objects.count()
    given: dict[str, object] = {"name": "回头\x00客", "colour": "blue"}
    if kind == "name":
        given = {"name": "回头客", "na\x00me": "1"}
    if kind == "beside a file":
        given["file"] = SimpleUploadedFile("a.csv", b"1\n")
    assert client.post("/customers/tags/", given).status_code == 400
    assert Tag.objects.count() == before


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b"[" * 200_000, 400),
        (b"[1, null, {}]", 400),
        (b'[{"phone_number": {"a": 1}, "content": []}]', 400),
        (b"[" + b"1," * 3_000_000 + b"1]", 413),
    ],
    ids=["empty", "text", "deep", "strange", "nested", "large"],
)
def test_a_push_that_is_none_is_refused_and_leaves_nothing(made: Made, body: bytes, status: int) -> None:
    gateway = Gateway.objects.get(shop=made.shop)
    before = contents()
    url = reverse("hook", args=["aliyun", gateway.settings["hook"]])
    answer = Client(enforce_csrf_checks=True).post(url, body, content_type="application/json")
    assert answer.status_code == status
    assert changed(before) == set()


def test_a_push_finds_only_the_gateway_of_its_whole_token(made: Made) -> None:
    token = Gateway.objects.get(shop=made.shop).settings["hook"]
    for wrong in (token[:-1], token + "x", token.swapcase(), "x", "é"):
        url = reverse("hook", args=["aliyun", wrong])
        assert Client().post(url, b"[]", content_type="application/json").status_code == 404
    assert Client().get(reverse("hook", args=["aliyun", token])).status_code == 405


def contents() -> dict[str, Any]:
    """All rows of our own tables."""
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            # What is kept beside the tables for the next test is nobody's.
            if not table.startswith(("django_", "auth_", "axes_", "sqlite_", "kept_")):
                cursor.execute(f"SELECT * FROM {table} ORDER BY 1")
                found[table] = cursor.fetchall()
    return found


def changed(before: dict[str, Any]) -> set[str]:
    """The tables that are not what they were."""
    return differing(before, contents())


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The tables whose rows are not the same."""
    return {table for table in after if before[table] != after[table]}
