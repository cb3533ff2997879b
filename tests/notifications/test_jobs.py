"""From events to mails and bells: each event tells each of its readers once."""

import pytest
from sqlalchemy import select

from crm.customers import commands as customers
from kernel import clock, database, jobs
from kernel.events import Event
from kernel.outbox import OutboxRow
from notifications import commands as bells
from notifications import jobs as notifying
from notifications import queries
from notifications.channels import mail as channel
from notifications.models import BellItem, CapturedMail, Mail
from service_desk.tickets import commands
from service_desk.tickets import queries as tickets
from service_desk.tickets.models import Status
from tenants import staff
from tenants.permissions import Role
from tests import factories


class Killed(BaseException):
    """The process is gone."""


@pytest.fixture
def people(alpha, in_tenant):
    """Sam and Kim answer, Vic looks on; Mei reads Chinese."""
    with in_tenant(alpha) as session:
        return {
            "sam": factories.staff_member(session, email="sam@alpha.example", name="Sam"),
            "kim": factories.staff_member(session, email="kim@alpha.example", name="Kim", language="zh_Hans"),
            "vic": factories.staff_member(session, email="vic@alpha.example", name="Vic", role=Role.VIEWER),
            "mei": factories.customer(session, email="mei@mail.example", name="Mei"),
        }


@pytest.fixture
def act(alpha, in_tenant, people, run_due):
    """`act(commands.reply, actor=…)` changes Mei's one ticket and lets everything due run."""
    with in_tenant(alpha) as session:
        number = factories.ticket(session, customer=people["mei"], subject="Tap drips", language="zh_Hant").number
    run_due()

    def change(command, **options):
        with in_tenant(alpha) as session:
            command(session, tickets.get(session, number, actor=options["actor"]), **options)
        run_due()

    change.number = number
    return change


def _mails(to=""):
    with database.transaction() as session:
        return queries.captured_mails(session, to=to)


def _bell(alpha, in_tenant, member):
    with in_tenant(alpha) as session:
        return [item.kind for item in queries.bell(session, actor=member.as_actor())]


def test_a_request_is_confirmed_to_its_customer_in_its_own_language(act, people):
    [mail] = _mails()
    assert mail.to_address == "mei@mail.example"
    assert "Tap drips" in mail.subject
    assert 'lang="zh-Hant"' in mail.html
    assert "http://alpha.localhost:8000/zh-hant/requests/" in mail.text


def test_a_request_rings_with_everybody_who_may_answer(act, people, alpha, in_tenant):
    rung = {name: _bell(alpha, in_tenant, people[name]) for name in ("sam", "kim", "vic")}
    assert rung == {"sam": ["ticket.created"], "kim": ["ticket.created"], "vic": []}


def test_an_answer_is_mailed_to_the_customer_and_to_nobody_else(act, people):
    act(commands.reply, body="On our way", actor=people["sam"].as_actor())
    assert [(mail.to_address, "On our way" in mail.text) for mail in _mails()][1:] == [("mei@mail.example", True)]


def test_an_answer_that_solves_asks_for_a_rating(act, people):
    act(commands.reply, body="Fixed", actor=people["sam"].as_actor(), status=Status.SOLVED)
    assert "/rate?score=5" in _mails()[-1].text


def test_a_note_is_mailed_to_nobody(act, people):
    act(commands.note, body="Difficult", actor=people["sam"].as_actor())
    assert len(_mails()) == 1


def test_a_customers_reply_goes_to_the_assignee_in_their_language(act, people, alpha, in_tenant):
    act(commands.assign, assignee=people["kim"], actor=people["kim"].as_actor())
    act(commands.reply, body="Still drips", actor=people["mei"].as_actor())
    mail = _mails("kim@alpha.example")[-1]
    assert 'lang="zh-Hans"' in mail.html
    assert f"http://alpha.localhost:8000/desk/tickets/{act.number}" in mail.text
    assert _bell(alpha, in_tenant, people["kim"])[0] == "ticket.replied"
    assert _mails("sam@alpha.example") == []


def test_nobody_is_told_of_what_they_did_themselves(act, people, alpha, in_tenant):
    act(commands.assign, assignee=people["sam"], actor=people["sam"].as_actor())
    assert _mails("sam@alpha.example") == []
    assert "ticket.assigned" not in _bell(alpha, in_tenant, people["sam"])


def test_who_is_given_a_ticket_is_told(act, people, alpha, in_tenant):
    act(commands.assign, assignee=people["kim"], actor=people["sam"].as_actor())
    assert len(_mails("kim@alpha.example")) == 1
    assert _bell(alpha, in_tenant, people["kim"])[0] == "ticket.assigned"
    act(commands.assign, assignee=None, actor=people["sam"].as_actor())
    assert len(_mails("kim@alpha.example")) == 1


def test_solving_without_words_is_mailed_and_solving_it_oneself_is_not(act, people):
    act(commands.set_status, status=Status.SOLVED, actor=people["mei"].as_actor())
    assert len(_mails()) == 1
    act(commands.set_status, status=Status.OPEN, actor=people["sam"].as_actor())
    act(commands.set_status, status=Status.SOLVED, actor=people["sam"].as_actor())
    assert len(_mails()) == 2


def test_a_rating_rings_with_who_answered(act, people, alpha, in_tenant):
    act(commands.reply, body="Fixed", actor=people["sam"].as_actor(), status=Status.SOLVED)
    act(commands.rate, score=5, comment="", actor=people["mei"].as_actor())
    assert _bell(alpha, in_tenant, people["sam"])[0] == "ticket.rated"
    assert "ticket.rated" not in _bell(alpha, in_tenant, people["kim"])


def test_a_customer_without_an_address_is_mailed_nothing(alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        factories.ticket(session, customer=factories.customer(session, email=""))
    run_due()
    assert _mails() == []


def test_a_sign_in_code_is_mailed_and_works(alpha, in_tenant, people, run_due):
    with in_tenant(alpha) as session:
        customers.ask_for_code(session, email="mei@mail.example", language="zh_Hans")
    run_due()
    [mail] = _mails("mei@mail.example")
    code = mail.subject[-6:]
    with in_tenant(alpha) as session:
        signed_in = customers.sign_in_by_code(session, email="mei@mail.example", code=code, language="en")
        assert signed_in.name == "Mei"


def _listen_again(alpha, in_tenant, name, listener):
    with in_tenant(alpha) as session:
        listener(session, session.scalars(select(Event).where(Event.name == name)).one())


def test_a_listener_that_runs_twice_writes_one_mail(act, people, alpha, in_tenant, run_due):
    _listen_again(alpha, in_tenant, "ticket.created", notifying.on_ticket_created)
    run_due()
    assert len(_mails()) == 1
    assert _bell(alpha, in_tenant, people["sam"]) == ["ticket.created"]


def test_a_listener_that_runs_twice_leaves_the_code_that_was_mailed_valid(alpha, in_tenant, people, run_due):
    with in_tenant(alpha) as session:
        customers.ask_for_code(session, email="mei@mail.example", language="zh_Hans")
    run_due()
    _listen_again(alpha, in_tenant, "sign_in_code.requested", notifying.on_sign_in_code_requested)
    run_due()
    [mail] = _mails("mei@mail.example")
    with in_tenant(alpha) as session:
        code = mail.subject[-6:]
        assert customers.sign_in_by_code(session, email="mei@mail.example", code=code, language="zh_Hans").name == "Mei"


def test_work_done_twice_ends_well_and_is_not_tried_until_it_dies(act, broom, run_due):
    again = "UPDATE platform.outbox SET done_at = NULL, attempts = 0, error = '' WHERE job = 'events.listen'"
    assert broom.execute(again).rowcount
    run_due()
    left = "SELECT count(*) FROM platform.outbox WHERE job = 'events.listen' AND (done_at IS NULL OR error <> '')"
    assert broom.execute(left).fetchone() == (0,)
    assert len(_mails()) == 1


def test_a_send_job_that_runs_twice_sends_one_mail(act, alpha, in_tenant, monkeypatch):
    sent = []
    monkeypatch.setattr(channel, "send", sent.append)
    for _time in range(2):
        with in_tenant(alpha) as session:
            notifying.send_mail(session, mail_id=session.scalars(select(Mail.id)).one())
    assert sent == []


@pytest.mark.parametrize("victim", ["on_ticket_created", "send_mail"])
def test_a_worker_killed_between_any_two_steps_leaves_exactly_one_mail(alpha, in_tenant, people, monkeypatch, run_due, victim):
    """The worker dies after the work of each job and before its commit; another takes over."""
    kills = []
    real = jobs._run

    def die_once(session, row):
        real(session, row)
        key = str(row.args.get("listener", row.job)).rpartition(".")[2]
        if key == victim and key not in kills:
            kills.append(key)
            # The database loses its connection, and no line of the worker after this one runs.
            session.connection().connection.driver_connection.close()
            raise Killed

    monkeypatch.setattr(jobs, "_run", die_once)
    with in_tenant(alpha) as session:
        factories.ticket(session, customer=people["mei"])
    for _life in range(2):
        try:
            run_due()
        except Killed:
            database.dispose()
    assert kills == [victim]
    assert len(_mails()) == 1
    with in_tenant(alpha) as session:
        assert len(session.scalars(select(Mail.id)).all()) == 1
        assert len(session.scalars(select(BellItem.id)).all()) == 2
    with database.transaction() as session:
        is_due = OutboxRow.done_at.is_(None) & (OutboxRow.due_at <= clock.now())
        assert session.scalars(select(OutboxRow.job).where(is_due)).all() == []


def test_a_mail_that_the_server_never_takes_is_kept_with_the_reason_and_not_tried_again(
    alpha, in_tenant, people, run_due, monkeypatch
):
    tries = []

    def refuse(envelope):
        tries.append(envelope)
        raise channel.Refused("550 no such user")

    monkeypatch.setattr(channel, "send", refuse)
    with in_tenant(alpha) as session:
        factories.ticket(session, customer=people["mei"])
    run_due()
    run_due()
    assert len(tries) == 1
    with in_tenant(alpha) as session:
        mail = session.scalars(select(Mail)).one()
    assert (mail.refused, mail.sent_at) == ("550 no such user", None)


def test_opening_a_ticket_reads_its_bell_items_and_nobody_elses(act, people, alpha, in_tenant):
    sam, kim = people["sam"].as_actor(), people["kim"].as_actor()
    with in_tenant(alpha) as session:
        factories.ticket(session, customer=people["mei"])
        ticket_id = tickets.get(session, act.number, actor=sam).id
    jobs.run_due()
    with in_tenant(alpha) as session:
        assert queries.unread_count(session, actor=sam) == 2
        bells.mark_read(session, actor=sam, ticket_id=ticket_id)
        assert (queries.unread_count(session, actor=sam), queries.unread_count(session, actor=kim)) == (1, 2)
        bells.mark_read(session, actor=sam)
        assert queries.unread_count(session, actor=sam) == 0


def test_what_happens_in_one_tenant_rings_in_no_other(act, beta, in_tenant):
    with in_tenant(beta) as session:
        assert session.scalars(select(BellItem.id)).all() == []
        assert session.scalars(select(Mail.id)).all() == []


def test_captured_mails_are_told_oldest_first(house):
    with database.transaction() as session:
        for number in (1, 2, 3):
            facts = {"to_address": "a@b.example", "sender": "x", "subject": str(number), "text": "", "html": ""}
            session.add(CapturedMail(message_id=f"<{number}@x>", sent_at=clock.now(), **facts))
            session.flush()
    assert [mail.subject for mail in _mails("A@B.example")] == ["1", "2", "3"]
    with database.transaction() as session:
        assert [mail.subject for mail in queries.captured_mails(session, limit=2)] == ["2", "3"]


def test_staff_who_left_are_told_nothing(act, people, alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        staff.by_email(session, "kim@alpha.example").is_active = False
    with in_tenant(alpha) as session:
        factories.ticket(session, customer=factories.customer(session))
    run_due()
    assert len(_bell(alpha, in_tenant, people["kim"])) == 1
