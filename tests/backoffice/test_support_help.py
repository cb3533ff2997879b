"""Help from the vendor: a tenant's question is a ticket at the vendor's desk, and nothing else of the tenant's is there."""

import io

import pytest
from sqlalchemy import select, text

from kernel import database
from kernel.actors import SYSTEM
from kernel.events import Event
from notifications.models import CapturedMail
from service_desk.tickets.models import Message, Ticket
from tenants import staff, vendor
from tenants.permissions import Role

QUESTION = {"subject": "The export stops", "body": "At 80 percent, every time.", "page": "/desk/customers?q=lin"}
PASSWORD = "a long enough password"
# The smallest picture there is.
PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture
def house_of_vendor(house):
    def furnish(session):
        staff.add(session, email="agent@support.example", name="Vera Vendor", role=Role.AGENT, password=PASSWORD, actor=SYSTEM)

    return vendor.set_up(name="Frontdesk", locale="en", time_zone="UTC", furnish=furnish)


@pytest.fixture
def vera(house_of_vendor, browse):
    """The vendor's agent at their own, quite ordinary, desk."""
    browser = browse(house_of_vendor)
    browser.submit("/desk/signin", {"email": "agent@support.example", "password": PASSWORD})
    return browser


@pytest.fixture
def admin(alpha, staff_browser):
    return staff_browser(alpha, Role.ADMIN)


def _ticket(facts):
    with database.transaction(facts.stand) as session:
        ticket = session.scalars(select(Ticket).order_by(Ticket.id.desc())).first()
        return ticket, session.scalars(select(Message).where(Message.ticket_id == ticket.id).order_by(Message.id)).all()


def test_a_question_becomes_a_ticket_at_the_vendors_desk_with_who_asked_and_from_where(alpha, house_of_vendor, admin, vera):
    picture = {"files": (io.BytesIO(PICTURE), "screen.png")}
    answer = admin.submit("/desk/help", {**QUESTION, **picture})
    assert answer.status_code == 303, answer.text
    ticket, messages = _ticket(house_of_vendor)
    assert (ticket.subject, ticket.tags) == ("The export stops", ["alpha"])
    asked, facts = messages
    assert (asked.kind, asked.author_name) == ("customer", "Admin of alpha")
    assert facts.kind == "note"
    for expected in (
        "Alpha Hotels (alpha, number ",
        "Administrator",
        "/desk/customers?q=lin",
        "test browser",
        f"/ops/tenants/{alpha.id}/",
    ):
        assert expected in facts.body
    page = vera.get(f"/desk/tickets/{ticket.number}").text
    assert "screen.png" in page
    assert "Alpha Hotels" in page


def test_the_tenants_people_follow_it_and_answer_from_their_own_desk(house_of_vendor, admin, vera):
    address = admin.submit("/desk/help", QUESTION).location
    number = _ticket(house_of_vendor)[0].number
    assert "no answer yet" in admin.get("/desk/help").text
    vera.submit(f"/desk/tickets/{number}", {"body": "Which browser?", "kind": "note"}, to=f"/desk/tickets/{number}/reply")
    vera.submit(f"/desk/tickets/{number}", {"body": "Try again, please."}, to=f"/desk/tickets/{number}/reply")
    page = admin.get(address).text
    assert "Try again, please." in page
    assert "Which browser?" not in page
    assert "First answer after" in page
    assert admin.submit(address, {"body": "It works now."}, to=f"{address}/reply").status_code == 303
    assert "It works now." in vera.get(f"/desk/tickets/{number}").text


def test_the_answer_also_comes_by_mail_with_a_link_to_the_vendors_help_centre(house_of_vendor, admin, vera, run_due):
    admin.submit("/desk/help", QUESTION)
    ticket, _messages = _ticket(house_of_vendor)
    vera.submit(f"/desk/tickets/{ticket.number}", {"body": "Try again."}, to=f"/desk/tickets/{ticket.number}/reply")
    run_due()
    with database.transaction() as session:
        mails = session.scalars(select(CapturedMail).where(CapturedMail.to_address == "admin@alpha.example")).all()
    link = f"http://support.localhost:8000/en/requests/{ticket.public_id}"
    assert [link in mail.text for mail in mails] == [True, True]


def test_the_screenshot_comes_back_from_the_vendors_files(house_of_vendor, admin, beta, staff_browser):
    address = admin.submit("/desk/help", {**QUESTION, "files": (io.BytesIO(PICTURE), "screen.png")}).location
    page = admin.get(address).text
    start = page.index(f"{address}/files/")
    file = page[start:].partition('"')[0]
    assert admin.get(file).data == PICTURE
    assert staff_browser(beta, Role.ADMIN).get(file).status_code == 404


def test_a_question_is_seen_by_who_asked_and_by_the_administrators_of_that_tenant(
    house_of_vendor, alpha, beta, staff_browser, admin
):
    agent = staff_browser(alpha, Role.AGENT)
    address = agent.submit("/desk/help", QUESTION).location
    assert agent.get(address).status_code == 200
    assert admin.get(address).status_code == 200
    assert "The export stops" in admin.get("/desk/help").text
    manager = staff_browser(alpha, Role.MANAGER)
    assert manager.get(address).status_code == 404
    assert "The export stops" not in manager.get("/desk/help").text
    stranger = staff_browser(beta, Role.ADMIN)
    assert stranger.get(address).status_code == 404
    assert stranger.submit("/desk/help", {"body": "Me too"}, to=f"{address}/reply").status_code == 404
    assert "The export stops" not in stranger.get("/desk/help").text


def test_the_vendor_sees_nothing_of_the_tenant_but_what_was_asked(house_of_vendor, alpha, admin):
    admin.submit("/desk/help", QUESTION)
    with pytest.raises(Exception, match="permission denied"), database.transaction(house_of_vendor.stand) as session:
        session.execute(text(f'SELECT 1 FROM "{alpha.stand.schema}".customer'))
    with pytest.raises(Exception, match="permission denied"), database.transaction(house_of_vendor.stand) as session:
        session.execute(text("SELECT 1 FROM platform.help_request"))


def test_the_tenants_own_trail_says_that_somebody_asked(house_of_vendor, alpha, admin):
    admin.submit("/desk/help", QUESTION)
    with database.transaction(alpha.stand) as session:
        event = session.scalars(select(Event).where(Event.name == "staff_member.asked_vendor")).one()
    assert (event.actor_name, event.data["title"]) == ("Admin of alpha", "The export stops")


def test_the_same_form_sent_twice_asks_once(house_of_vendor, admin):
    page = admin.get("/desk/help")
    key = page.text.partition('name="form_key"')[2].partition('value="')[2].partition('"')[0]
    for _click in range(2):
        assert admin.submit("/desk/help", {**QUESTION, "form_key": key}).status_code == 303
    with database.transaction(house_of_vendor.stand) as session:
        assert len(session.scalars(select(Ticket)).all()) == 1


def test_a_question_without_words_is_refused_as_typed(house_of_vendor, admin):
    answer = admin.submit("/desk/help", {**QUESTION, "body": " "})
    assert answer.status_code == 422
    assert 'value="The export stops"' in answer.text
    with database.transaction(house_of_vendor.stand) as session:
        assert session.scalars(select(Ticket)).all() == []


def test_where_nobody_answers_the_page_says_so(alpha, admin):
    assert "No help desk has been set up here" in admin.get("/desk/help").text
    answer = admin.submit("/desk/help", QUESTION)
    assert answer.status_code == 422


def test_operators_find_a_tenants_questions_on_its_page(house_of_vendor, alpha, admin, browse):
    from tenants import operators

    admin.submit("/desk/help", QUESTION)
    sign_in = {"email": "op@frontdesk.example", "password": PASSWORD}
    with database.transaction() as session:
        operators.add(session, name="Olivia", **sign_in)
    console = browse(None)
    console.submit("/ops/signin", sign_in)
    page = console.get(f"/ops/tenants/{alpha.id}/").text
    number = _ticket(house_of_vendor)[0].number
    assert f"http://support.localhost:8000/desk/tickets/{number}" in page
