"""What may be known of customers, and by whom."""

import pytest
from sqlalchemy import update

from crm.customers import jobs, queries
from crm.customers.models import Customer
from kernel.actors import SYSTEM, VISITOR, Actor
from kernel.errors import NotFound
from kernel.text import fold
from tenants.migrations.backfills import Batch
from tenants.permissions import OPERATOR
from tests import factories


def test_staff_see_every_customer(session, make_customer, sam):
    customers = [make_customer(), make_customer()]
    assert list(session.scalars(queries.visible_to(sam))) == customers
    assert queries.get(session, customers[0].id, actor=SYSTEM) is customers[0]


def test_a_customer_sees_itself_and_nobody_else(session, make_customer):
    mei, ann = make_customer(), make_customer()
    assert queries.get(session, mei.id, actor=mei.as_actor()) is mei
    with pytest.raises(NotFound):
        queries.get(session, ann.id, actor=mei.as_actor())


@pytest.mark.parametrize("actor", [VISITOR, Actor(kind="operator", id=1, permissions=OPERATOR), Actor(kind="staff", id=1)])
def test_who_lacks_the_permission_sees_nobody(session, make_customer, actor):
    with pytest.raises(NotFound):
        queries.get(session, make_customer().id, actor=actor)
    assert session.scalars(queries.visible_to(actor)).all() == []


def test_who_is_not_there_and_who_may_not_be_seen_look_the_same(session, make_customer):
    mei, ann = make_customer(), make_customer()
    refusals = []
    for customer_id in (ann.id, 999_999_999):
        with pytest.raises(NotFound) as refusal:
            queries.get(session, customer_id, actor=mei.as_actor())
        refusals.append(str(refusal.value))
    assert refusals[0] == refusals[1]


def test_an_address_is_found_however_it_is_written(session, make_customer):
    mei = make_customer(email="mei@mail.example")
    assert queries.by_email(session, " MEI@Mail.example ") is mei
    assert queries.by_email(session, "") is None


def test_whom_a_sign_in_names(session, make_customer):
    mei = make_customer()
    assert queries.signed_in(session, mei.id) is mei
    assert queries.signed_in(session, 999_999_999) is None


def test_a_second_tenant_sees_none_of_them(alpha, beta, in_tenant):
    with in_tenant(alpha) as session:
        mei = factories.customer(session, email="mei@mail.example")
    with in_tenant(beta) as session:
        assert queries.by_email(session, "mei@mail.example") is None
        with pytest.raises(NotFound):
            queries.get(session, mei.id, actor=SYSTEM)


@pytest.mark.parametrize("words", ["海景", "會員", "会员"])
def test_a_customer_is_found_by_a_tag_in_either_script(session, make_customer, sam, words):
    """Z01"""
    mei, _other = make_customer(tags=["海景", "會員"]), make_customer()
    found = queries.visible_to(sam).where(Customer.search_text.contains(fold(words)))
    assert session.scalars(found).all() == [mei]
    session.execute(update(Customer).values(search_text="mei"))
    assert jobs.find_by_tags(session, "") == Batch(1, None)
    session.expire_all()
    assert session.scalars(found).all() == [mei]
