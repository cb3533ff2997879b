"""Signing up: from an address to a workspace, whatever is clicked twice, mistyped or cut off on the way."""

import re
import time
from datetime import timedelta
from threading import Thread

import pytest
from sqlalchemy import func, select

from backoffice.operators import signing_up as face
from kernel import database
from knowledge_base.articles.models import Article
from notifications.models import CapturedMail
from service_desk.tickets.models import Ticket
from tenants import provisioning, registry, signing_up, staff
from tenants.models import Tenant
from tenants.signing_up import SignUp

AT_ONCE = {"company": "瑞居酒店", "sub": "rj", "email": "lin@rj.example"}
WORKSPACE = {"company": "Harbour Inn", "sub": "harbour", "template": "blank", "language": "en", "time_zone": "Europe/London"}


@pytest.fixture
def visitor(house, browse):
    return browse(None)


@pytest.fixture
def code_for(run_due):
    """`code_for("lin@rj.example")` is the code of the newest mail there."""

    def read(email):
        run_due()
        with database.transaction() as session:
            query = select(CapturedMail.text).where(CapturedMail.to_address == email).order_by(CapturedMail.sent_at.desc())
            return re.search(r"^\d{6}$", session.scalars(query).first(), re.M)[0]

    return read


@pytest.fixture
def proved(visitor, code_for):
    """A visitor who has typed the code from their mail."""
    visitor.submit("/signup", {"email": "ann@harbour.example"})
    assert visitor.submit("/signup/code", {"code": code_for("ann@harbour.example")}).location == "/signup/workspace"
    return visitor


def _enter(visitor, browse, address):
    """Follow the link of a new workspace as the browser does: to its own host."""
    facts = registry.find("harbour") or registry.find("rj")
    browser = browse(facts)
    answer = browser.get(address.removeprefix(facts.url("")))
    return browser, answer


def test_an_address_a_code_and_a_company_open_a_workspace(proved, browse):
    answer = proved.submit("/signup/workspace", WORKSPACE)
    assert answer.status_code == 302
    assert answer.location.startswith("http://harbour.localhost:8000/desk/enter/")
    owner, entered = _enter(proved, browse, answer.location)
    assert entered.location == "/desk/welcome"
    page = owner.get("/desk/welcome")
    assert page.status_code == 200
    assert "Welcome to Harbour Inn" in page.text
    assert "0 of 5 done" in page.text


def test_the_owner_sets_a_password_once_and_comes_back_with_it(proved, browse):
    owner, _ = _enter(proved, browse, proved.submit("/signup/workspace", WORKSPACE).location)
    assert owner.submit("/desk/welcome", {"password": "short"}, to="/desk/first-password").status_code == 422
    assert owner.submit("/desk/welcome", {"password": "a long enough password"}, to="/desk/first-password").status_code == 303
    assert "Choose a password" not in owner.get("/desk/welcome").text
    assert owner.submit("/desk/me", {"password": "another long password"}, to="/desk/first-password").status_code == 403
    back = browse(registry.find("harbour"))
    sign_in = {"email": "ann@harbour.example", "password": "a long enough password"}
    assert back.submit("/desk/signin", sign_in).location == "/desk/"


def test_the_checklist_is_read_from_what_there_is(proved, browse):
    owner, _ = _enter(proved, browse, proved.submit("/signup/workspace", WORKSPACE).location)
    facts = registry.find("harbour")
    with database.transaction(facts.stand) as session:
        staff.add(session, email="bob@harbour.example", name="Bob", role="agent", actor=staff.active(session)[0].as_actor())
    customer = browse(facts)
    request = {"subject": "Hello", "body": "Is this on?", "email": "ann@harbour.example"}
    customer.submit("/en/requests/new", request)
    assert "2 of 5 done" in owner.get("/desk/welcome").text


def test_the_trade_and_samples_are_put_in_while_the_owner_looks_around(proved, browse, run_due):
    chosen = {**WORKSPACE, "template": "hotel", "with_demo": "y"}
    owner, _ = _enter(proved, browse, proved.submit("/signup/workspace", chosen).location)
    run_due()
    with database.transaction(registry.find("harbour").stand) as session:
        assert session.scalar(select(func.count()).select_from(Article)) > 0
        assert session.scalar(select(func.count()).select_from(Ticket)) > 0
    assert "0 of 5 done" in owner.get("/desk/welcome").text


def test_the_link_into_a_workspace_works_once(proved, browse):
    address = proved.submit("/signup/workspace", WORKSPACE).location
    _enter(proved, browse, address)
    stranger, answer = _enter(proved, browse, address)
    assert answer.status_code == 410
    assert stranger.get("/desk/").location.startswith("/desk/signin")


def test_company_address_and_mail_at_once_make_a_workspace_in_seconds(visitor):
    started = time.monotonic()
    answer = visitor.submit("/signup", AT_ONCE)
    assert (answer.status_code, answer.location) == (302, "http://rj.localhost:8000/desk/welcome")
    assert time.monotonic() - started < 10
    facts = registry.find("rj")
    assert facts.name == "瑞居酒店"
    with database.transaction(facts.stand) as session:
        assert [member.email for member in staff.active(session)] == ["lin@rj.example"]


def test_nobody_enters_a_workspace_before_the_mail_is_proved_to_be_theirs(visitor, browse, code_for):
    visitor.submit("/signup", AT_ONCE)
    facts = registry.find("rj")
    page = browse(facts).get("/desk/welcome")
    assert "We sent a code to it." in page.text
    assert 'href="http://localhost:8000/signup/code"' in page.text
    assert browse(facts).get("/desk/").location.startswith("/desk/signin")
    answer = visitor.submit("/signup/code", {"code": code_for("lin@rj.example")})
    _owner, entered = _enter(visitor, browse, answer.location)
    assert entered.location == "/desk/welcome"


@pytest.mark.parametrize(
    ("language", "said"), [("zh-CN", "子域名已被占用"), ("zh-TW", "子網域已被使用"), ("en", "This address is taken.")]
)
def test_a_second_sign_up_with_the_same_address_is_refused_with_the_form_as_typed(alpha, browse, language, said):
    answer = browse(None, language).submit("/signup", {**AT_ONCE, "sub": "alpha"})
    assert answer.status_code == 422
    assert said in answer.text
    for typed in ('value="瑞居酒店"', 'value="alpha"', 'value="lin@rj.example"'):
        assert typed in answer.text


def test_also_the_same_person_does_not_get_the_same_address_twice(visitor, browse):
    assert visitor.submit("/signup", AT_ONCE).status_code == 302
    assert browse(None).submit("/signup", AT_ONCE).status_code == 422


def test_reserved_and_impossible_addresses_are_refused(visitor):
    for sub in ("www", "support", "ops", "a b", "-x", "x" * 41, "Ärger"):
        answer = visitor.submit("/signup", {**AT_ONCE, "sub": sub})
        assert answer.status_code == 422
        assert "cannot be an address" in answer.text


def test_a_step_cannot_be_jumped_over(visitor):
    for path in ("/signup/code", "/signup/workspace"):
        assert visitor.get(path).location == "/signup"
    visitor.submit("/signup", {"email": "ann@harbour.example"})
    assert visitor.get("/signup/workspace").location == "/signup"
    assert visitor.submit("/signup/code", WORKSPACE, to="/signup/workspace").location == "/signup"
    assert registry.find("harbour") is None


def test_a_wrong_code_is_refused_and_five_guesses_are_enough(visitor, code_for):
    visitor.submit("/signup", {"email": "ann@harbour.example"})
    right = code_for("ann@harbour.example")
    wrong = "000000" if right != "000000" else "111111"
    for _guess in range(5):
        assert visitor.submit("/signup/code", {"code": wrong}).status_code == 422
    assert visitor.submit("/signup/code", {"code": right}).status_code == 422
    visitor.submit("/signup/code", {}, to="/signup/code/again")
    assert visitor.submit("/signup/code", {"code": code_for("ann@harbour.example")}).status_code == 303


def test_a_code_ends_after_a_quarter_of_an_hour(visitor, code_for, travel):
    visitor.submit("/signup", {"email": "ann@harbour.example"})
    code = code_for("ann@harbour.example")
    travel(timedelta(minutes=16))
    assert visitor.submit("/signup/code", {"code": code}).status_code == 422


def test_one_mailbox_is_not_flooded_and_one_network_is_slowed(visitor, browse):
    for _turn in range(5):
        assert browse(None).submit("/signup", {"email": "ann@harbour.example"}).status_code == 303
    assert visitor.submit("/signup", {"email": "ann@harbour.example"}).status_code == 429
    for number in range(15):
        assert visitor.submit("/signup", {"email": f"ann{number}@harbour.example"}).status_code == 303
    assert visitor.submit("/signup", {"email": "bob@harbour.example"}).status_code == 429


def test_two_clicks_make_one_workspace(proved, application):
    """Both wait for the row of the sign-up; the second finds what the first has made."""
    page = proved.get("/signup/workspace").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)[1]
    answers = []

    def click():
        answers.append(proved.post("/signup/workspace", {**WORKSPACE, "csrf_token": token}))

    clicks = [Thread(target=click) for _click in range(2)]
    for one in clicks:
        one.start()
    for one in clicks:
        one.join()
    assert [answer.status_code for answer in answers] == [302, 302]
    assert all("harbour.localhost" in answer.location for answer in answers)
    with database.transaction() as session:
        assert len(session.scalars(select(Tenant).where(Tenant.name == "Harbour Inn")).all()) == 1


def test_the_same_form_sent_again_leads_to_the_same_workspace(visitor):
    page = visitor.get("/signup").text
    hidden = {name: re.search(rf'name="{name}"[^>]* value="([^"]+)"', page)[1] for name in ("csrf_token", "form_key")}
    first = visitor.post("/signup", {**AT_ONCE, **hidden})
    assert (first.status_code, first.location) == (302, "http://rj.localhost:8000/desk/welcome")
    again = visitor.post("/signup", {**AT_ONCE, **hidden})
    assert (again.status_code, again.location) == (302, first.location)


def test_going_back_and_typing_another_address_begins_anew(visitor, code_for):
    page = visitor.get("/signup").text
    hidden = {name: re.search(rf'name="{name}"[^>]* value="([^"]+)"', page)[1] for name in ("csrf_token", "form_key")}
    visitor.post("/signup", {"email": "wrong@harbour.example", **hidden})
    visitor.post("/signup", {"email": "ann@harbour.example", **hidden})
    assert "ann@harbour.example" in visitor.get("/signup/code").text
    assert visitor.submit("/signup/code", {"code": code_for("ann@harbour.example")}).status_code == 303


def test_a_code_does_not_go_past_a_password_that_was_set_since(proved, browse):
    owner, _ = _enter(proved, browse, proved.submit("/signup/workspace", WORKSPACE).location)
    owner.submit("/desk/welcome", {"password": "a long enough password"}, to="/desk/first-password")
    again = proved.submit("/signup/workspace", WORKSPACE)
    assert again.location == "http://harbour.localhost:8000/desk/signin?next=/desk/welcome"


def test_a_sign_up_killed_after_the_workspace_was_made_goes_on_with_it(proved, monkeypatch):
    """The tenant is there, but the row of the sign-up has not heard of it."""
    make = provisioning.create_tenant

    def make_and_die(*given, **facts):
        make(*given, **facts)
        raise KeyboardInterrupt

    monkeypatch.setattr(provisioning, "create_tenant", make_and_die)
    with pytest.raises(KeyboardInterrupt):
        proved.submit("/signup/workspace", WORKSPACE)
    monkeypatch.setattr(provisioning, "create_tenant", make)
    with database.transaction() as session:
        assert session.scalars(select(SignUp.tenant_id)).one() is None
    assert proved.submit("/signup/workspace", WORKSPACE).status_code == 302
    with database.transaction() as session:
        assert session.scalars(select(SignUp.tenant_id)).one() == registry.find("harbour").id


def test_while_it_is_typed_an_address_is_called_free_or_not(alpha, visitor):
    assert "harbour.localhost:8000 is free" in visitor.fragment("/signup/address?sub=Harbour").text
    assert "This address is taken." in visitor.fragment("/signup/address?sub=alpha").text
    assert "cannot be an address" in visitor.fragment("/signup/address?sub=www").text
    assert "chip" not in visitor.fragment("/signup/address?sub=").text


def test_a_form_of_the_sign_up_may_lead_to_a_workspace_and_nowhere_else(visitor):
    policy = visitor.get("/signup").headers["Content-Security-Policy"]
    assert "form-action 'self' http://*.localhost:8000" in policy
    assert "form-action 'self'" in visitor.get("/").headers["Content-Security-Policy"]
    assert "*.localhost" not in visitor.get("/").headers["Content-Security-Policy"]


def test_everything_that_is_missing_is_said_at_once(proved):
    page = proved.submit("/signup/workspace", {**WORKSPACE, "company": "", "sub": ""})
    assert page.status_code == 422
    assert "Enter the name of your company." in page.text
    assert "Choose an address for your workspace." in page.text


def test_the_trades_are_five():
    assert {key for key, _name in face.TRADES} == {"hotel", "catering", "consulting", "field_service", "blank"}


def test_a_sign_up_is_forgotten_after_a_day(visitor, travel):
    visitor.submit("/signup", {"email": "ann@harbour.example"})
    travel(timedelta(days=1, minutes=1))
    assert visitor.get("/signup/code").location == "/signup"
    with database.transaction() as session:
        assert signing_up.find(session, "no id at all") is None
    travel(timedelta(days=1))
    with database.transaction() as session:
        signing_up.forget_old(session)
        assert session.scalars(select(SignUp)).all() == []
