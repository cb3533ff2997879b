"""What may be known of tickets, and by whom."""

import io
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import update

from kernel.actors import SYSTEM, VISITOR
from kernel.errors import NotFound
from kernel.files import Upload
from kernel.text import fold
from service_desk.tickets import commands, jobs, queries
from service_desk.tickets.models import Status, Ticket
from tenants.migrations.backfills import Batch
from tests import factories


def _pdf(name="a.pdf"):
    return [Upload(name, io.BytesIO(b"%PDF-1.7 " + name.encode()))]


def test_staff_find_every_ticket_by_its_number(session, make_ticket, sam):
    ticket = make_ticket()
    assert queries.get(session, ticket.number, actor=sam) is ticket


def test_customers_find_their_own_tickets_only(session, make_ticket):
    mine, other = make_ticket(), make_ticket()
    mei = mine.customer.as_actor()
    assert queries.get(session, mine.number, actor=mei) is mine
    for number, actor in ((other.number, mei), (mine.number, VISITOR), (999_999, SYSTEM)):
        with pytest.raises(NotFound):
            queries.get(session, number, actor=actor)


def test_whoever_holds_the_link_finds_the_ticket(session, make_ticket):
    ticket = make_ticket()
    assert queries.by_public_id(session, ticket.public_id) is ticket
    with pytest.raises(NotFound):
        queries.by_public_id(session, uuid.uuid4())


def test_a_second_tenant_finds_none_of_them(alpha, beta, in_tenant):
    with in_tenant(alpha) as session:
        ticket = factories.ticket(session)
        number, public_id = ticket.number, ticket.public_id
    with in_tenant(beta) as session:
        with pytest.raises(NotFound):
            queries.get(session, number, actor=SYSTEM)
        with pytest.raises(NotFound):
            queries.by_public_id(session, public_id)


def test_internal_notes_are_never_shown_to_customers(session, make_ticket, sam):
    ticket = make_ticket()
    commands.note(session, ticket, body="Difficult customer", actor=sam)
    commands.reply(session, ticket, body="Hello", actor=sam)
    for reader in (ticket.customer.as_actor(), VISITOR):
        assert [m.body for m in queries.conversation(session, ticket, actor=reader)] == ["Room 301, since last night.", "Hello"]
    assert len(queries.conversation(session, ticket, actor=sam)) == 3


def test_a_file_is_read_by_who_may_read_its_message(session, make_ticket, sam):
    ticket = make_ticket(uploads=_pdf("open.pdf"))
    note = commands.note(session, ticket, body="Scan", actor=sam, uploads=_pdf("secret.pdf"))
    [shown] = queries.conversation(session, ticket, actor=VISITOR)[0].files
    [hidden] = queries.message(session, note.id).files
    assert queries.file_of(session, ticket, shown.public_id, actor=VISITOR) is shown
    assert queries.file_of(session, ticket, hidden.public_id, actor=sam) is hidden
    with pytest.raises(NotFound):
        queries.file_of(session, ticket, hidden.public_id, actor=ticket.customer.as_actor())
    with pytest.raises(NotFound):
        queries.file_of(session, make_ticket(), shown.public_id, actor=sam)


def test_the_timeline_tells_the_way_through_the_statuses(session, make_ticket, sam, travel):
    ticket = make_ticket()
    commands.note(session, ticket, body="A note is no step", actor=sam)
    for command in (
        lambda: commands.reply(session, ticket, body="On our way", actor=sam),
        lambda: commands.reply(session, ticket, body="Still there?", actor=sam),
        lambda: commands.set_status(session, ticket, status=Status.SOLVED, actor=sam),
        lambda: commands.reply(session, ticket, body="No!", actor=ticket.customer.as_actor()),
    ):
        travel(timedelta(minutes=1))
        command()
    steps = queries.timeline(session, ticket)
    assert [step.status for step in steps] == [Status.NEW, Status.WAITING, Status.SOLVED, Status.OPEN]
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_a_customers_list_has_tabs_with_counts(session, make_customer, make_ticket, sam):
    mei = make_customer()
    fresh, waiting, solved = (make_ticket(customer=mei, subject=name) for name in ("Fresh", "Waiting", "Solved"))
    make_ticket()
    commands.reply(session, waiting, body="?", actor=sam)
    commands.set_status(session, solved, status=Status.SOLVED, actor=sam)
    session.flush()
    for tab, expected in (("open", fresh), ("waiting", waiting), ("solved", solved)):
        page = queries.of_customer(session, tab=tab, actor=mei.as_actor())
        assert (list(page.tickets), page.counts) == ([expected], {"open": 1, "waiting": 1, "solved": 1})


def test_a_customers_list_goes_on_page_by_page_without_losing_any(session, make_customer, make_ticket, travel):
    mei = make_customer()
    made = []
    for _ticket in range(5):
        travel(timedelta(minutes=1))
        made.append(make_ticket(customer=mei).number)
    seen, before = [], None
    while True:
        page = queries.of_customer(session, tab="open", actor=mei.as_actor(), before=before, limit=2)
        seen += [ticket.number for ticket in page.tickets]
        before = page.next_before
        if before is None:
            break
    assert seen == made[::-1]


def test_a_visitor_has_no_list(session, make_ticket):
    make_ticket()
    page = queries.of_customer(session, tab="open", actor=VISITOR)
    assert (list(page.tickets), set(page.counts.values())) == ([], {0})


def test_the_inbox_views_divide_the_work(session, make_ticket, sam, count_statements):
    unassigned, mine, solved = make_ticket(), make_ticket(), make_ticket()
    commands.reply(session, mine, body="?", actor=sam)
    commands.set_status(session, solved, status=Status.SOLVED, actor=sam)
    session.flush()
    with count_statements() as seen:
        counts = queries.view_counts(session, actor=sam)
    assert counts == {"mine": 1, "unassigned": 1, "open": 1, "waiting": 1, "solved": 1, "all": 3}
    assert len(seen) == 1
    for view in queries.INBOX_VIEWS:
        query = queries.in_view(queries.visible_to(sam), view, actor=sam)
        assert len(session.scalars(query).all()) == counts[view]
    assert session.scalars(queries.in_view(queries.visible_to(sam), "unassigned", actor=sam)).all() == [unassigned]
    assert queries.unsolved_count(session, actor=sam) == 2


@pytest.mark.parametrize("words", ["drips", "DRIPS", "301", "陳偉", "陈伟", "chenwei", "cw"])
def test_a_ticket_is_found_by_its_words_its_customer_and_its_messages(session, make_customer, make_ticket, sam, words):
    ticket = make_ticket(customer=make_customer(name="陳偉"))
    make_ticket(subject="Other", body="Nothing to see")
    assert session.scalars(queries.found(queries.visible_to(sam), fold(words))).all() == [ticket]


@pytest.mark.parametrize("words", ["会员", "會員", "huiyuan", "vip"])
def test_a_ticket_is_found_by_its_tags_and_its_customers_in_either_script(session, make_customer, make_ticket, sam, words):
    """Z01"""
    tagged, of_member = make_ticket(), make_ticket(customer=make_customer(tags=["會員", "VIP"]))
    make_ticket()
    commands.set_tags(session, tagged, tags=["會員", "VIP"], actor=sam)
    assert set(session.scalars(queries.found(queries.visible_to(sam), fold(words)))) == {tagged, of_member}
    commands.set_tags(session, tagged, tags=[], actor=sam)
    assert session.scalars(queries.found(queries.visible_to(sam), fold(words))).all() == [of_member]


def test_what_was_tagged_before_an_upgrade_is_found_by_its_tags_after_it(session, make_ticket, sam, monkeypatch):
    monkeypatch.setattr(jobs, "_AT_ONCE", 2)
    tagged = [make_ticket() for _ in range(3)]
    for ticket in tagged:
        commands.set_tags(session, ticket, tags=["會員"], actor=sam)
    session.flush()
    session.execute(update(Ticket).values(search_text="it drips"))
    before = [ticket.version for ticket in tagged]
    first = jobs.find_by_tags(session, "")
    assert jobs.find_by_tags(session, first.position or "") == Batch(1, None)
    session.expire_all()
    assert set(session.scalars(queries.found(queries.visible_to(sam), "会员"))) == set(tagged)
    assert [ticket.version for ticket in tagged] == before


def test_a_ticket_is_found_by_its_number(session, make_ticket, sam):
    ticket = make_ticket(subject="A", body="b")
    for words in (str(ticket.number), f"#{ticket.number}"):
        assert ticket in session.scalars(queries.found(queries.visible_to(sam), words)).all()


def test_a_message_is_found_in_the_other_script(session, make_ticket, sam):
    ticket = make_ticket(subject="請問", body="請補開統一發票。")
    assert ticket in session.scalars(queries.found(queries.visible_to(sam), fold("發票"))).all()
    assert ticket in session.scalars(queries.found(queries.visible_to(sam), fold("发票"))).all()


@pytest.mark.parametrize("words", ["%", "_", "\\", "'", "9" * 30, "#", "²"])
def test_odd_words_find_nothing_and_break_nothing(session, make_ticket, sam, words):
    make_ticket(subject="Plain", body="Plain")
    assert session.scalars(queries.found(queries.visible_to(sam), words)).all() == []


def test_reading_a_conversation_costs_the_same_for_one_message_as_for_many(session, make_ticket, sam, count_statements):
    short, long = make_ticket(uploads=_pdf()), make_ticket(uploads=_pdf())
    for number in range(5):
        commands.reply(session, long, body=f"{number}", actor=sam, uploads=_pdf(f"{number}.pdf"))
    costs = []
    for number, files in ((short.number, 1), (long.number, 6)):
        session.flush()
        session.expunge_all()
        with count_statements() as seen:
            messages = queries.conversation(session, queries.get(session, number, actor=sam), actor=sam)
            assert sum(len(message.files) for message in messages) == files
        costs.append(len(seen))
    assert costs[0] == costs[1] <= 4


def test_the_usual_first_reply_is_told_once_there_are_enough(session, make_ticket, sam, travel):
    assert queries.usual_first_reply(session) is None
    tickets = [make_ticket() for _ticket in range(20)]
    travel(timedelta(hours=2))
    for ticket in tickets:
        commands.reply(session, ticket, body="Hello", actor=sam)
    session.flush()
    assert timedelta(hours=2) <= queries.usual_first_reply(session) < timedelta(hours=2, minutes=1)
