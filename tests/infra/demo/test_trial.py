"""A trial's demo data: something to look at from the first minute, and gone without a trace."""

import pytest
from sqlalchemy import func, select

from infra.demo import trial
from kernel import database
from kernel.database import TenantBase
from notifications.models import CapturedMail
from service_desk.tickets import commands as tickets
from service_desk.tickets.models import Status, Ticket
from tenants import demo_rows, provisioning
from tenants.models import Tenant
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def gamma(house):
    return provisioning.create_tenant("gamma", name="Gamma Inn", locale="zh_Hant", time_zone="Asia/Taipei")


def load(tenant):
    with database.transaction(tenant.stand) as session:
        return trial.load(session, tenant.language.code)


def rows(tenant) -> dict[str, int]:
    with database.transaction(tenant.stand) as session:
        tables = TenantBase.metadata.sorted_tables
        return {table.name: session.scalar(select(func.count()).select_from(table)) for table in tables}


@pytest.mark.parametrize("language", ["en", "zh_Hans", "zh_Hant"])
def test_there_is_something_to_look_at(alpha, in_tenant, language):
    with in_tenant(alpha) as session:
        factories.staff_member(session)
        trial.load(session, language)
        statuses = {Status(status) for status in session.scalars(select(Ticket.status).distinct())}
        assert statuses == set(Status)
        assert session.scalar(select(func.count()).where(Ticket.rating.is_not(None))) >= 5
        assert session.scalar(select(func.max(Ticket.number))) >= 14


def test_the_desk_is_not_empty_and_nobody_is_written_to(gamma, staff_browser, run_due):
    admin = staff_browser(gamma, Role.ADMIN)
    load(gamma)
    assert "最快什麼時候有空" in admin.get("/desk/?view=all").text
    run_due()
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(CapturedMail)) == 0
        assert session.get_one(Tenant, gamma.id).has_demo_data


def test_a_second_load_adds_nothing(gamma):
    assert load(gamma) > 20
    assert load(gamma) == 0


def test_removing_leaves_no_row_of_it_and_everything_of_ones_own(gamma, staff_browser, in_tenant, run_due, travel):
    admin = staff_browser(gamma, Role.ADMIN)
    with in_tenant(gamma) as session:
        own = factories.ticket(session, subject="My own", customer=factories.customer(session, name="Real"))
        factories.article(session)
    run_due()
    before = rows(gamma)
    load(gamma)
    answer = admin.submit("/desk/settings/demo", {}, to="/desk/settings/demo/remove")
    assert answer.status_code == 303
    run_due()
    after = rows(gamma)
    # The trail has two lines more: that the demo data came, and that it went.
    assert {name: count for name, count in after.items() if count != before[name]} == {"event": before["event"] + 2}
    assert "No demo data" in admin.get("/desk/settings/demo").text.replace("沒有示範資料", "No demo data")
    with in_tenant(gamma) as session:
        assert session.get(Ticket, own.id).subject == "My own"
        assert demo_rows.count(session) == 0


def test_what_was_written_on_demo_requests_goes_with_them(gamma, in_tenant, run_due):
    load(gamma)
    with in_tenant(gamma) as session:
        member = factories.staff_member(session)
        ticket = session.scalars(select(Ticket).where(Ticket.status == Status.NEW).limit(1)).one()
        tickets.reply(session, tickets.queries.by_id(session, ticket.id), body="Hello", actor=member.as_actor())
    run_due()
    with in_tenant(gamma) as session:
        trial.remove(session)
    assert rows(gamma)["ticket"] == rows(gamma)["ticket_message"] == rows(gamma)["customer"] == 0
    assert rows(gamma)["staff_member"] == 1


def test_a_demo_customer_with_a_request_of_ones_own_is_ones_own(gamma, in_tenant):
    from crm.customers.models import Customer

    load(gamma)
    with in_tenant(gamma) as session:
        somebody = session.scalars(select(Customer).order_by(Customer.id).limit(1)).one()
        factories.ticket(session, customer=somebody, subject="Written while trying")
        trial.remove(session)
        assert session.scalars(select(Customer.id)).all() == [somebody.id]
        assert session.scalars(select(Ticket.subject)).all() == ["Written while trying"]


def test_promises_about_what_is_gone_are_kept_quietly(gamma, in_tenant, run_due, travel):
    from datetime import timedelta

    with in_tenant(gamma) as session:
        factories.staff_member(session)
    load(gamma)
    with in_tenant(gamma) as session:
        trial.remove(session)
    travel(timedelta(days=9))
    run_due()
    with database.transaction() as session:
        from kernel.outbox import backlog

        assert backlog(session).due == 0
