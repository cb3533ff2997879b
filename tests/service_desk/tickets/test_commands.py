"""What changes about tickets, and what is refused."""

import io
import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import events
from kernel.actors import SYSTEM
from kernel.errors import AlreadySent, InvalidField, StaleEdit
from kernel.events import Event
from kernel.files import FileTypeRefused, Upload
from service_desk.tickets import commands, queries
from service_desk.tickets.commands import CannotBeAssigned, NewMessageSince, NotSolvedYet, RatingOver, TicketClosed
from service_desk.tickets.models import Message, MessageKind, Priority, Status, Ticket
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def closed(session, make_ticket):
    ticket = make_ticket()
    commands.set_status(session, ticket, status=Status.CLOSED, actor=SYSTEM)
    return ticket


def _events(session, ticket):
    return [event.name for event in reversed(events.history(session, ticket))]


def test_a_request_becomes_a_ticket_with_its_first_message(session, make_customer):
    mei = make_customer(name="Mei")
    words = {"subject": " The  tap\ndrips ", "body": "Room 301\r\nsince Monday", "language": "en"}
    ticket = commands.create(session, customer=mei, **words, actor=mei.as_actor())
    assert (ticket.subject, ticket.status, ticket.priority) == ("The tap drips", Status.NEW, Priority.NORMAL)
    [message] = queries.conversation(session, ticket, actor=SYSTEM)
    assert (message.kind, message.author_name, message.body) == (MessageKind.CUSTOMER, "Mei", "Room 301\nsince Monday")
    assert _events(session, ticket) == ["ticket.created"]


def test_tickets_are_numbered_upwards_and_addressed_unguessably(make_ticket):
    first, second = make_ticket(), make_ticket()
    assert second.number == first.number + 1
    assert first.public_id.version == 4


@pytest.mark.parametrize("subject", ["", "  \n ", "\x00\x07", "x" * 201, "x" * 200_000])
def test_a_subject_is_short_and_not_empty(make_ticket, subject):
    with pytest.raises(InvalidField) as refusal:
        make_ticket(subject=subject)
    assert refusal.value.field == "subject"


@pytest.mark.parametrize("body", ["", " \n\t ", "x" * 50_001])
def test_a_message_is_not_empty_and_not_a_book(session, make_ticket, sam, body):
    with pytest.raises(InvalidField) as refusal:
        make_ticket(body=body)
    assert refusal.value.field == "body"
    ticket = make_ticket()
    for command in (commands.reply, commands.note):
        with pytest.raises(InvalidField):
            command(session, ticket, body=body, actor=sam)


def test_a_form_sent_twice_makes_one_ticket(session, make_ticket):
    key = uuid.uuid4().hex
    first = make_ticket(form_key=key)
    with pytest.raises(AlreadySent):
        make_ticket(form_key=key)
    assert queries.by_form_key(session, key) is first
    assert len(session.scalars(select(Ticket.id)).all()) == 1


def test_a_reply_sent_twice_is_one_message(session, make_ticket, sam):
    ticket, key = make_ticket(), uuid.uuid4().hex
    commands.reply(session, ticket, body="On our way", actor=sam, form_key=key)
    with pytest.raises(AlreadySent):
        commands.reply(session, ticket, body="On our way", actor=sam, form_key=key)
    assert len(queries.conversation(session, ticket, actor=sam)) == 2


def test_files_come_with_the_message_and_a_bad_one_stops_it(session, make_ticket, sam):
    ticket = make_ticket()
    message = commands.reply(session, ticket, body="See", actor=sam, uploads=[Upload("a.pdf", io.BytesIO(b"%PDF-1.7 x"))])
    assert [file.name for file in queries.message(session, message.id).files] == ["a.pdf"]
    with pytest.raises(FileTypeRefused):
        commands.reply(session, ticket, body="See", actor=sam, uploads=[Upload("a.pdf", io.BytesIO(b"MZ\x90"))])


def test_the_first_answer_takes_the_ticket_and_waits_for_the_customer(session, make_ticket, sam):
    ticket = make_ticket()
    commands.reply(session, ticket, body="On our way", actor=sam)
    assert (ticket.status, ticket.assignee_id) == (Status.WAITING, sam.id)
    first = ticket.first_replied_at
    commands.reply(session, ticket, body="There", actor=sam, status=Status.OPEN)
    assert (ticket.status, ticket.first_replied_at) == (Status.OPEN, first)


def test_an_answer_does_not_take_a_ticket_from_a_colleague(session, make_ticket, make_staff, sam):
    ticket, kim = make_ticket(), make_staff(name="Kim")
    commands.assign(session, ticket, assignee=kim, actor=sam)
    commands.reply(session, ticket, body="Helping out", actor=sam)
    assert ticket.assignee_id == kim.id


@pytest.mark.parametrize("status", [Status.OPEN, Status.WAITING, Status.SOLVED])
def test_a_customers_answer_reopens_the_ticket(session, make_ticket, status):
    ticket = make_ticket()
    commands.set_status(session, ticket, status=status, actor=SYSTEM)
    commands.reply(session, ticket, body="It still drips", actor=ticket.customer.as_actor())
    assert (ticket.status, ticket.solved_at) == (Status.OPEN, None)


def test_a_customers_second_message_leaves_a_new_ticket_new(session, make_ticket):
    ticket = make_ticket()
    commands.reply(session, ticket, body="And it is cold", actor=ticket.customer.as_actor())
    assert ticket.status == Status.NEW


def test_a_closed_ticket_takes_no_more_from_its_customer(session, closed):
    customer = closed.customer.as_actor()
    with pytest.raises(TicketClosed):
        commands.reply(session, closed, body="Again", actor=customer)
    with pytest.raises(TicketClosed):
        commands.set_status(session, closed, status=Status.OPEN, actor=customer)
    assert closed.status == Status.CLOSED


def test_staff_may_reopen_a_closed_ticket(session, closed, sam):
    commands.set_status(session, closed, status=Status.OPEN, actor=sam)
    assert closed.status == Status.OPEN


def test_a_customer_may_say_that_it_is_solved_and_that_it_is_not(session, make_ticket):
    ticket = make_ticket()
    for status in (Status.SOLVED, Status.OPEN):
        commands.set_status(session, ticket, status=status, actor=ticket.customer.as_actor())
        assert ticket.status == status


def test_setting_the_status_it_has_is_no_event(session, make_ticket, sam):
    ticket = make_ticket()
    commands.set_status(session, ticket, status=Status.NEW, actor=sam)
    assert _events(session, ticket) == ["ticket.created"]


def test_who_has_not_seen_the_newest_message_is_shown_it_first(session, make_ticket, sam):
    ticket = make_ticket()
    seen = queries.conversation(session, ticket, actor=sam)[-1].id
    commands.reply(session, ticket, body="One more thing", actor=ticket.customer.as_actor(), last_seen=seen)
    with pytest.raises(NewMessageSince):
        commands.reply(session, ticket, body="Done", actor=sam, last_seen=seen)
    newest = queries.conversation(session, ticket, actor=sam)[-1].id
    assert commands.reply(session, ticket, body="Done", actor=sam, last_seen=newest).body == "Done"


def test_a_note_changes_neither_status_nor_first_answer(session, make_ticket, sam):
    ticket = make_ticket()
    message = commands.note(session, ticket, body="He is a regular", actor=sam)
    assert message.is_internal
    assert (ticket.status, ticket.first_replied_at, ticket.assignee_id) == (Status.NEW, None, None)


def test_a_ticket_is_given_and_taken_back(session, make_ticket, make_staff, sam):
    ticket, kim = make_ticket(), make_staff(name="Kim")
    commands.assign(session, ticket, assignee=kim, actor=sam)
    commands.assign(session, ticket, assignee=kim, actor=sam)
    assert ticket.assignee is kim
    commands.assign(session, ticket, assignee=None, actor=sam)
    assert ticket.assignee_id is None
    assert _events(session, ticket).count("ticket.assigned") == 2


def test_who_may_not_answer_or_has_left_gets_no_tickets(session, make_ticket, make_staff, sam):
    gone = make_staff(name="Gone")
    gone.is_active = False
    for member in (make_staff(name="Vic", role=Role.VIEWER), gone):
        with pytest.raises(CannotBeAssigned):
            commands.assign(session, make_ticket(), assignee=member, actor=sam)


def test_priority_and_tags_change_with_one_event_each(session, make_ticket, sam):
    ticket = make_ticket()
    for _time in range(2):
        commands.set_priority(session, ticket, priority=Priority.URGENT, actor=sam)
        commands.set_tags(session, ticket, tags=["VIP", " VIP ", "", "water"], actor=sam)
    commands.add_tag(session, ticket, tag="leak", actor=sam)
    assert (ticket.priority, ticket.tags) == (Priority.URGENT, ["VIP", "water", "leak"])
    assert sorted(_events(session, ticket)[1:]) == ["ticket.priority_changed", "ticket.tags_changed", "ticket.tags_changed"]


def test_tags_are_at_most_twenty_of_forty_characters(session, make_ticket, sam):
    ticket = make_ticket()
    commands.set_tags(session, ticket, tags=[f"{n}" * 60 for n in range(10, 40)], actor=sam)
    assert len(ticket.tags) == 20
    assert max(map(len, ticket.tags)) == 40


def test_a_new_subject_is_recorded_with_the_old_one(session, make_ticket, sam):
    ticket = make_ticket(subject="Tap")
    commands.rename(session, ticket, subject="Tap drips", version=None, actor=sam)
    event = session.scalars(select(Event).where(Event.name == "ticket.renamed")).one()
    assert event.data == {"before": "Tap", "after": "Tap drips"}


def test_renaming_what_changed_meanwhile_or_to_nothing_is_refused(session, make_ticket, sam):
    ticket = make_ticket()
    seen = ticket.version
    commands.set_priority(session, ticket, priority=Priority.HIGH, actor=sam)
    with pytest.raises(StaleEdit):
        commands.rename(session, ticket, subject="New", version=seen, actor=sam)
    with pytest.raises(InvalidField):
        commands.rename(session, ticket, subject=" ", version=None, actor=sam)


def test_a_solved_ticket_is_rated_and_the_rating_may_change_for_a_week(session, make_ticket, travel):
    ticket = make_ticket()
    mei = ticket.customer.as_actor()
    commands.set_status(session, ticket, status=Status.SOLVED, actor=mei)
    commands.rate(session, ticket, score=2, comment="slow", actor=mei)
    travel(timedelta(days=6))
    commands.rate(session, ticket, score=4, comment=" better ", actor=mei)
    assert (ticket.rating, ticket.rating_comment) == (4, "better")
    travel(timedelta(days=2))
    with pytest.raises(RatingOver):
        commands.rate(session, ticket, score=5, comment="", actor=mei)
    assert ticket.rating == 4


def test_an_unsolved_ticket_cannot_be_rated(session, make_ticket):
    ticket = make_ticket()
    with pytest.raises(NotSolvedYet):
        commands.rate(session, ticket, score=5, comment="", actor=ticket.customer.as_actor())


@pytest.mark.parametrize("score", [0, 6, -1, 999])
def test_a_rating_is_one_to_five_stars(session, closed, score):
    with pytest.raises(InvalidField) as refusal:
        commands.rate(session, closed, score=score, comment="", actor=closed.customer.as_actor())
    assert refusal.value.field == "score"


def test_two_who_answer_at_the_same_moment_are_both_heard(alpha, in_tenant):
    with in_tenant(alpha) as session:
        ticket = factories.ticket(session)
        number, mei = ticket.number, ticket.customer.as_actor()
    start, problems = threading.Barrier(2), []

    def answer(body):
        try:
            with in_tenant(alpha) as session:
                own = queries.get(session, number, actor=SYSTEM)
                start.wait(5)
                commands.reply(session, own, body=body, actor=mei)
        except Exception as error:
            problems.append(error)

    writers = [threading.Thread(target=answer, args=[body]) for body in ("first", "second")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert problems == []
    with in_tenant(alpha) as session:
        bodies = session.scalars(select(Message.body).where(Message.ticket_id == ticket.id)).all()
    assert {"first", "second"} < set(bodies)
    assert len(bodies) == 3


def test_two_equal_forms_that_arrive_at_the_same_moment_make_one_ticket(alpha, in_tenant):
    key, start, outcomes = uuid.uuid4().hex, threading.Barrier(2), []

    def send():
        try:
            with in_tenant(alpha) as session:
                sender = factories.customer(session)
                start.wait(5)
                factories.ticket(session, customer=sender, form_key=key)
            outcomes.append("made")
        except AlreadySent:
            outcomes.append("already sent")

    senders = [threading.Thread(target=send) for _form in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert sorted(outcomes) == ["already sent", "made"]
