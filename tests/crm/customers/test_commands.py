"""What changes about customers, and what is refused."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from crm.customers import commands, queries
from crm.customers.commands import EmailTaken
from kernel.actors import SYSTEM
from kernel.errors import InvalidField, StaleEdit
from kernel.events import Event
from kernel.passwords import PasswordTooShort
from tenants import sign_ins
from tenants.models import SignInCode
from tenants.sign_ins import CodeRefused, TooManyTries, WrongSecret

MEI = "mei@mail.example"
PASSWORD = "a long enough password"


def _events(session):
    return session.scalars(select(Event.name).order_by(Event.at, Event.name)).all()


def test_a_customer_is_written_down_with_a_tidy_address_and_phone(session, sam):
    facts = {"name": " 林依婷 ", "email": " Mei@Mail.EXAMPLE ", "phone": "+886 2 5550 0188", "language": "zh_Hant"}
    customer = commands.add(session, **facts, tags=["VIP", " ", "VIP", "corporate"], actor=sam)
    assert (customer.name, customer.email, customer.phone) == ("林依婷", MEI, "+886255500188")
    assert customer.tags == ["VIP", "corporate"]
    assert "linyiting" in customer.search_text
    assert _events(session)[-1] == "customer.added"


def test_a_customer_needs_no_address(session, sam):
    first, second = (commands.add(session, name=name, actor=sam) for name in ("Ann", "Bob"))
    assert (first.email, second.email) == (None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "   "),
        ("name", "\x00"),
        ("name", "x" * 121),
        ("email", "no address"),
        ("phone", "02 5550 0188"),
        ("phone", "call me"),
        ("language", "fr"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_beside_its_field(session, sam, field, value):
    with pytest.raises(InvalidField) as refusal:
        commands.add(session, **{"name": "Ann", field: value}, actor=sam)
    assert refusal.value.field == field


def test_an_address_belongs_to_one_customer(session, make_customer, sam):
    make_customer(email=MEI)
    other = make_customer(email="other@mail.example")
    with pytest.raises(EmailTaken):
        commands.add(session, name="Another Mei", email="MEI@mail.example", actor=sam)
    with pytest.raises(EmailTaken):
        commands.change(session, other, values={"email": MEI}, version=None, actor=sam)


def test_a_change_is_recorded_with_what_was_and_what_became_and_of_the_person_a_hint_only(session, make_customer, sam):
    customer = make_customer(name="Ann", email="ann@mail.example", phone="+44 20 7946 0000", notes="Private")
    values = {"name": "Mei", "email": customer.email, "phone": "", "organisation": "Acme", "tags": ["vip"], "notes": "Secret"}
    commands.change(session, customer, values=values, version=customer.version, actor=sam)
    event = session.scalars(select(Event).where(Event.name == "customer.changed")).one()
    assert event.data == {
        "fields": ["name", "notes", "organisation", "phone", "tags"],
        "changes": {"name": ["A***", "M***"], "organisation": ["", "A***"], "phone": ["***00", ""], "tags": [[], ["vip"]]},
    }
    commands.change(session, customer, values={"email": "mei@mail.example"}, version=None, actor=sam)
    last = session.scalars(select(Event).where(Event.name == "customer.changed").order_by(Event.at.desc()).limit(1)).one()
    assert last.data["changes"] == {"email": ["a***@mail.example", "m***@mail.example"]}
    assert (event.actor_kind, event.actor_id) == ("staff", sam.id)


def test_a_change_that_changes_nothing_is_no_event(session, make_customer, sam):
    customer = make_customer(name="Ann")
    commands.change(session, customer, values={"name": "Ann"}, version=None, actor=sam)
    assert "customer.changed" not in _events(session)


def test_an_edit_of_what_somebody_else_changed_is_refused(session, make_customer, sam):
    customer = make_customer()
    session.flush()
    seen = customer.version
    commands.change(session, customer, values={"name": "First"}, version=seen, actor=sam)
    session.flush()
    with pytest.raises(StaleEdit):
        commands.change(session, customer, values={"name": "Second"}, version=seen, actor=sam)
    assert customer.name == "First"


@pytest.mark.parametrize("field", ["id", "password_hash", "verified_at", "version", "search_text"])
def test_only_what_is_declared_editable_can_be_set(session, make_customer, sam, field):
    with pytest.raises((ValueError, AttributeError)):
        commands.change(session, make_customer(), values={field: "x"}, version=None, actor=sam)


def test_a_tag_is_put_on_once(session, make_customer, sam):
    customer = make_customer()
    commands.add_tag(session, customer, tag=" VIP ", actor=sam)
    commands.add_tag(session, customer, tag="VIP", actor=sam)
    assert customer.tags == ["VIP"]


def test_a_guest_who_is_known_is_the_same_customer(session, make_customer):
    mei = make_customer(email=MEI, name="Mei")
    assert commands.welcome(session, email="MEI@mail.example", name="Somebody", language="en") is mei
    assert mei.name == "Mei"
    assert commands.welcome(session, email="new@mail.example", name="New", language="zh_Hans").language == "zh_Hans"


def test_two_first_requests_of_one_guest_at_the_same_moment_make_one_customer(alpha, in_tenant):
    start, seen = threading.Barrier(2), []

    def arrive():
        with in_tenant(alpha) as session:
            queries.by_email(session, MEI)
            start.wait(5)
            seen.append(commands.welcome(session, email=MEI, name="Mei", language="en").id)

    guests = [threading.Thread(target=arrive) for _request in range(2)]
    for guest in guests:
        guest.start()
    for guest in guests:
        guest.join()
    assert len(seen) == 2
    assert len(set(seen)) == 1


def _code_for(session, email=MEI):
    commands.ask_for_code(session, email=email, language="en")
    return sign_ins.make_code(session.scalars(select(SignInCode).order_by(SignInCode.id.desc())).first())


def test_the_right_code_signs_in_and_proves_the_address(session, make_customer):
    mei = make_customer(email=MEI)
    made = _code_for(session)
    session.flush()
    assert commands.sign_in_by_code(session, email=MEI, code=made.code, language="en") is mei
    assert mei.verified_at is not None


def test_somebody_new_is_written_down_when_they_first_prove_their_address(session):
    made = _code_for(session, "new.person@mail.example")
    session.flush()
    customer = commands.sign_in_by_link(session, token=made.token, language="zh_Hant")
    assert (customer.name, customer.language) == ("new.person", "zh_Hant")


def test_a_code_that_nobody_asked_for_is_refused(session):
    with pytest.raises(CodeRefused):
        commands.sign_in_by_code(session, email=MEI, code="123456", language="en")
    with pytest.raises(CodeRefused):
        commands.sign_in_by_link(session, token="made up", language="en")


def test_asking_for_a_code_does_not_tell_whether_the_address_is_known(session, make_customer):
    make_customer(email=MEI)
    commands.ask_for_code(session, email=MEI, language="en")
    commands.ask_for_code(session, email="nobody@mail.example", language="en")
    assert set(session.scalars(select(SignInCode.email))) == {MEI, "nobody@mail.example"}
    assert queries.by_email(session, "nobody@mail.example") is None


def test_the_right_password_signs_in(session, make_customer):
    mei = make_customer(email=MEI)
    commands.set_password(session, mei, password=PASSWORD)
    signed_in = commands.sign_in_by_password(session, email=" MEI@mail.example", password=PASSWORD, address="192.0.2.1")
    assert signed_in is mei


@pytest.mark.parametrize("email", [MEI, "nobody@mail.example", "passwordless@mail.example", ""])
def test_a_wrong_password_and_an_unknown_address_are_refused_alike(session, make_customer, email):
    commands.set_password(session, make_customer(email=MEI), password=PASSWORD)
    make_customer(email="passwordless@mail.example")
    with pytest.raises(WrongSecret):
        commands.sign_in_by_password(session, email=email, password="not it", address="192.0.2.1")


def test_after_five_wrong_passwords_the_right_one_waits_a_quarter_of_an_hour(session, make_customer, travel):
    commands.set_password(session, make_customer(email=MEI), password=PASSWORD)
    sign_in = {"email": MEI, "address": "192.0.2.1"}
    for _try in range(5):
        with pytest.raises(WrongSecret):
            commands.sign_in_by_password(session, **sign_in, password="not it")
    with pytest.raises(TooManyTries):
        commands.sign_in_by_password(session, **sign_in, password=PASSWORD)
    travel(timedelta(minutes=16))
    assert commands.sign_in_by_password(session, **sign_in, password=PASSWORD).email == MEI


def test_a_new_password_signs_out_every_browser(session, make_customer):
    mei = make_customer()
    token = sign_ins.open_sign_in(session, face="portal", person_id=mei.id)
    commands.set_password(session, mei, password=PASSWORD)
    assert sign_ins.person_signed_in(session, face="portal", token=token) is None


def test_a_short_password_is_refused(session, make_customer):
    with pytest.raises(PasswordTooShort):
        commands.set_password(session, make_customer(), password="too short")


def test_the_audit_trail_does_not_hold_the_password(session, make_customer):
    commands.set_password(session, make_customer(), password=PASSWORD)
    assert PASSWORD not in str(session.scalars(select(Event.data)).all())


def test_the_system_may_write_customers_down_too(session):
    assert commands.add(session, name="Imported", actor=SYSTEM).name == "Imported"
