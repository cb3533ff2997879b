import io
import uuid

import pytest
from PIL import Image

from service_desk.tickets import commands, queries
from service_desk.tickets.models import MessageKind, Priority, Status
from tenants import staff
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def ticket(in_tenant, alpha):
    """A ticket of alpha, committed, as others see it."""
    with in_tenant(alpha) as session:
        mei = factories.customer(session, name="Mei Chen", email="mei@mail.example", phone="+886255500188")
        made = factories.ticket(session, customer=mei, subject="The air conditioner drips")
        return queries.by_id(session, made.id)


@pytest.fixture
def path(ticket):
    return f"/desk/tickets/{ticket.number}"


@pytest.fixture
def agent(staff_browser, alpha):
    return staff_browser(alpha)


@pytest.fixture
def stored(in_tenant, alpha, ticket):
    """`stored()` is the ticket with its messages as they are now."""

    def read():
        from kernel.actors import SYSTEM

        with in_tenant(alpha) as session:
            found = queries.by_id(session, ticket.id)
            return found, queries.conversation(session, found, actor=SYSTEM)

    return read


def write(browser, path, body="We are on our way.", **more):
    return browser.submit(path, {"kind": "reply", "status": "waiting", "body": body, **more}, to=f"{path}/reply")


def picture():
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "PNG")
    return io.BytesIO(out.getvalue())


def test_the_page_shows_the_conversation_the_facts_and_the_customer(agent, path):
    page = agent.get(path)
    assert page.status_code == 200
    for text in ("The air conditioner drips", "Room 301, since last night.", "Mei Chen", "mei@mail.example", "+886255500188"):
        assert text in page.text
    assert 'hx-get="/desk/tickets/' in page.text


@pytest.mark.parametrize(("button", "status"), [("waiting", Status.WAITING), ("solved", Status.SOLVED), ("open", Status.OPEN)])
def test_a_reply_goes_out_and_sets_the_status_that_the_button_said(agent, path, stored, button, status):
    answer = write(agent, path, status=button)
    ticket, messages = stored()
    assert (answer.status_code, ticket.status) == (303, status)
    assert answer.headers["Location"] == f"{path}#m{messages[-1].id}"
    assert "Your reply was sent to Mei Chen." in agent.get(path).text


def test_a_note_stays_inside_and_changes_no_status(agent, path, stored):
    assert write(agent, path, kind="note", body="Ask Tom.", status="solved").status_code == 303
    ticket, messages = stored()
    assert (ticket.status, messages[-1].kind) == (Status.NEW, MessageKind.NOTE)
    assert "bubble-note" in agent.get(path).text


def test_an_empty_message_is_refused_and_the_choice_of_a_note_kept(agent, path, stored):
    answer = write(agent, path, body="  ", kind="note")
    assert answer.status_code == 422
    assert "Write a message." in answer.text
    assert 'value="note" checked' in answer.text
    assert len(stored()[1]) == 1


def test_a_text_too_long_is_refused_and_kept_to_the_last_letter(agent, path, stored):
    text = "drip " * 12_000
    answer = write(agent, path, body=text)
    assert answer.status_code == 422
    assert "at most 50,000 characters" in answer.text
    assert text.strip() in answer.text
    assert len(stored()[1]) == 1


def test_a_reply_that_missed_a_message_shows_it_and_is_sent_when_pressed_again(agent, path, stored, in_tenant, alpha, ticket):
    seen = stored()[1][-1].id
    with in_tenant(alpha) as session:
        found = queries.by_id(session, ticket.id)
        commands.reply(session, found, body="It stopped by itself!", actor=found.customer.as_actor())
    refused = write(agent, path, body="We come at noon.", last_seen=str(seen))
    assert refused.status_code == 409
    for text in ("It stopped by itself!", "New since you began to write", "We come at noon.", "Send anyway"):
        assert text in refused.text
    newest = stored()[1][-1].id
    assert f'name="last_seen" value="{newest}"' in refused.text
    assert write(agent, path, body="We come at noon.", last_seen=str(newest)).status_code == 303


def test_a_form_sent_twice_makes_one_message_and_keeps_the_text(agent, path, stored):
    key = uuid.uuid4().hex
    assert write(agent, path, form_key=key).status_code == 303
    again = write(agent, path, form_key=key)
    assert again.status_code == 409
    assert "already been sent" in again.text
    assert "We are on our way.</textarea>" in again.text
    assert key not in again.text
    assert len(stored()[1]) == 2


def test_files_come_with_the_message_and_go_out_only_as_they_should(agent, path):
    assert write(agent, path, files=[(picture(), "photo.png"), (io.BytesIO(b"one\ntwo"), "list.txt")]).status_code == 303
    page = agent.get(path).text
    links = {part.split('"')[0] for part in page.split('"')[0::1] if part.startswith(f"{path}/files/")}
    thumbnail = next(link for link in links if link.endswith("/thumbnail"))
    assert agent.get(thumbnail).headers["Content-Type"] == "image/webp"
    text_file = next(link for link in links if f"{link}/thumbnail" not in links and link != thumbnail)
    answer = agent.get(text_file)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("holiday.png", b"MZ\x90\x00" + b"\x00" * 200, "not a picture, document"),
        ("big.txt", b"x" * (30 * 1024 * 1024), "larger than 20 MB"),
    ],
)
def test_a_file_that_is_not_what_it_says_or_too_large_is_refused_and_the_text_kept(agent, path, stored, name, content, message):
    answer = write(agent, path, files=[(io.BytesIO(content), name)])
    assert answer.status_code == 422
    assert message in answer.text
    assert "We are on our way.</textarea>" in answer.text
    assert len(stored()[1]) == 1


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("body", "a\x00b", 400),
        ("status", "gone", 422),
        ("kind", "shout", 422),
        ("last_seen", "9" * 40, 422),
        ("last_seen", "x", 422),
    ],
)
def test_damaged_or_forged_fields_are_refused(agent, path, stored, field, value, status):
    assert write(agent, path, **{field: value}).status_code == status
    assert len(stored()[1]) == 1


def test_unknown_numbers_files_and_methods_have_clear_answers(agent, path):
    for gone in (
        "/desk/tickets/999999",
        f"/desk/tickets/{'9' * 30}",
        "/desk/tickets/x",
        f"{path}/files/x",
        f"{path}/files/{uuid.uuid4()}",
    ):
        assert agent.get(gone).status_code == 404
    assert agent.post(path, {}).status_code in (400, 405)
    assert agent.get(f"{path}/status").status_code == 405
    assert agent.get(f"{path}/reply").headers["Location"] == path


def test_another_tenant_sees_no_ticket_and_no_file(agent, path, staff_browser, beta):
    write(agent, path, files=[(picture(), "photo.png")])
    link = next(part for part in agent.get(path).text.split('"') if part.startswith(f"{path}/files/"))
    stranger = staff_browser(beta, Role.ADMIN)
    for address in (path, link, f"{path}/live"):
        assert stranger.get(address).status_code == 404
    assert stranger.submit("/desk/me", {"body": "x"}, to=f"{path}/reply").status_code == 404
    assert stranger.submit("/desk/me", {"status": "solved"}, to=f"{path}/status").status_code == 404


def test_a_viewer_reads_but_cannot_write_or_change(staff_browser, alpha, path, stored):
    viewer = staff_browser(alpha, Role.VIEWER)
    page = viewer.get(path).text
    assert "Room 301" in page
    assert 'name="body"' not in page
    assert 'name="assignee"' not in page
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    assert viewer.post(f"{path}/reply", {"csrf_token": token, "body": "x"}).status_code == 403
    assert viewer.post(f"{path}/status", {"csrf_token": token, "status": "solved"}).status_code == 403
    assert stored()[0].status == Status.NEW


def test_opening_a_ticket_is_reading_its_bell_items(agent, path, run_due):
    run_due()
    assert 'class="count">1<' in agent.fragment("/desk/bell/count").text
    agent.get(path)
    assert 'class="count">' not in agent.fragment("/desk/bell/count").text


def test_the_open_page_refreshes_everything_but_the_composer(agent, path):
    answer = agent.fragment(f"{path}/live").text
    assert 'id="conversation"' in answer
    assert 'id="last-seen"' in answer
    assert "<textarea" not in answer
    assert "<html" not in answer


def test_a_page_of_two_hundred_messages_needs_no_more_statements(agent, path, in_tenant, alpha, ticket, count_statements):
    agent.get(path)
    with count_statements() as few:
        agent.get(path)
    with in_tenant(alpha) as session:
        found = queries.by_id(session, ticket.id)
        for number in range(60):
            commands.note(session, found, body=f"Note {number}", actor=staff.active(session)[0].as_actor())
    with count_statements() as many:
        agent.get(path)
    assert len(many) <= len(few) + 1  # the names of assignees, once there are any
    assert len(few) <= 18


@pytest.mark.parametrize(
    ("fact", "value", "field", "expected"),
    [
        ("status", "solved", "status", Status.SOLVED),
        ("status", "closed", "status", Status.CLOSED),
        ("priority", "4", "priority", Priority.URGENT),
        ("tags", "vip, 漏水、 vip，aircon", "tags", ["vip", "漏水", "aircon"]),
        ("subject", "Room 301 drips", "subject", "Room 301 drips"),
    ],
)
def test_a_fact_is_changed_by_a_small_form(agent, path, stored, fact, value, field, expected):
    answer = agent.submit(path, {fact: value}, to=f"{path}/{fact}")
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert getattr(stored()[0], field) == expected


def test_with_htmx_the_side_and_head_come_back_and_the_composer_is_left_alone(agent, path):
    answer = agent.submit(
        path, {"status": "solved"}, to=f"{path}/status", **{"HX-Request": "true", "HX-Request-Type": "partial"}
    )
    assert answer.status_code == 200
    assert 'id="ticket-side"' in answer.text
    assert 'hx-swap-oob="outerMorph"' in answer.text
    assert "<textarea" not in answer.text


def test_a_ticket_is_assigned_to_me_and_to_nobody(agent, path, stored):
    page = agent.get(path).text
    me = page.split('name="assignee" value="')[1].split('"')[0]
    agent.submit(path, {"assignee": me}, to=f"{path}/assignee")
    assert str(stored()[0].assignee_id) == me
    assert "Assign to me" not in agent.get(path).text
    agent.submit(path, {"assignee": ""}, to=f"{path}/assignee")
    assert stored()[0].assignee_id is None


@pytest.mark.parametrize(
    ("fact", "value"),
    [
        ("assignee", "999999"),
        ("assignee", "9" * 30),
        ("status", "gone"),
        ("priority", "9"),
        ("priority", "x"),
        ("subject", "  "),
        ("subject", "x" * 201),
    ],
)
def test_a_refused_fact_says_why_and_changes_nothing(agent, path, stored, fact, value):
    before = stored()[0]
    answer = agent.submit(path, {fact: value}, to=f"{path}/{fact}")
    after = stored()[0]
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert (after.version, after.subject, after.assignee_id) == (before.version, before.subject, before.assignee_id)


def test_renaming_what_a_colleague_changed_meanwhile_is_refused_and_the_text_kept(agent, path, stored):
    answer = agent.submit(path, {"subject": "My new subject", "version": "0"}, to=f"{path}/subject")
    assert answer.status_code == 409
    assert 'value="My new subject"' in answer.text
    assert stored()[0].subject == "The air conditioner drips"


def test_the_history_tells_who_did_what_in_words(agent, path):
    agent.submit(path, {"priority": "4"}, to=f"{path}/priority")
    agent.submit(path, {"subject": "It drips"}, to=f"{path}/subject")
    write(agent, path)
    page = agent.get(path).text
    for line in (
        "Mei Chen sent it",
        "Agent of alpha set the priority to “Urgent”",
        "changed the subject from “The air",
        "wrote a message",
    ):
        assert line in page


def test_what_people_type_cannot_become_markup(agent, path):
    write(agent, path, body="<script>alert(1)</script> see https://frontdesk.example/x")
    page = agent.get(path).text
    assert "<script>alert" not in page
    assert '<a href="https://frontdesk.example/x"' in page
