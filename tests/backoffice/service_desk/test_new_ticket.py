import uuid

import pytest

from crm.customers import queries as customers
from tenants.permissions import Role

GIVEN = {
    "email": "New.Guest@mail.example",
    "name": "New Guest",
    "subject": "Lost my key",
    "body": "It was on the desk.",
    "language": "zh_Hant",
    "priority": "3",
}


@pytest.fixture
def agent(staff_browser, alpha):
    return staff_browser(alpha)


def test_a_ticket_is_written_in_the_name_of_a_customer_who_becomes_known(agent, in_tenant, alpha):
    answer = agent.submit("/desk/tickets/new", GIVEN)
    assert answer.status_code == 303
    page = agent.get(answer.headers["Location"]).text
    for text in ("Lost my key", "It was on the desk.", "New Guest", "繁體中文", "High"):
        assert text in page
    assert "bubble-customer" in page
    with in_tenant(alpha) as session:
        assert customers.by_email(session, "new.guest@mail.example").language == "zh_Hant"


def test_a_form_sent_twice_leads_to_the_one_ticket_it_made(agent):
    key = uuid.uuid4().hex
    first = agent.submit("/desk/tickets/new", {**GIVEN, "form_key": key})
    again = agent.submit("/desk/tickets/new", {**GIVEN, "form_key": key})
    assert again.headers["Location"] == first.headers["Location"]
    assert "sent already" in agent.get(again.headers["Location"]).text


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "nobody", "Enter an e-mail address"),
        ("subject", "", "Say in a few words"),
        ("subject", "x" * 200_000, "at most 200 characters"),
        ("body", " ", "Write a message."),
        ("language", "xx", "Choose one of the options offered"),
        ("name", "x" * 121, "at most 120"),
    ],
)
def test_a_refused_form_keeps_what_was_typed_and_writes_nobody_down(agent, in_tenant, alpha, field, value, message):
    answer = agent.submit("/desk/tickets/new", {**GIVEN, field: value})
    assert answer.status_code == 422
    assert message in answer.text
    assert "It was on the desk." in answer.text or field == "body"
    with in_tenant(alpha) as session:
        assert customers.by_email(session, "new.guest@mail.example") is None


def test_the_form_is_filled_in_from_the_address(agent):
    assert 'value="mei@mail.example"' in agent.get("/desk/tickets/new?email=mei@mail.example").text


def test_a_viewer_cannot_write_tickets(staff_browser, alpha):
    assert staff_browser(alpha, Role.VIEWER).get("/desk/tickets/new").status_code == 403
