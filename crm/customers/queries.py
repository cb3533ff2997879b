"""What may be known of customers, and by whom."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, false, select, true
from sqlalchemy.orm import Session

from crm.customers.models import Customer as Customer
from kernel.actors import Actor
from kernel.errors import NotFound
from tenants.permissions import Permission


def visible_to(actor: Actor) -> Select[Customer]:
    """Staff with the permission see all customers, a customer sees itself, anyone else nobody."""
    allowed: ColumnElement[bool]
    if actor.kind == "system" or actor.may(Permission.CUSTOMER_READ):
        allowed = true()
    elif actor.kind == "customer":
        allowed = Customer.id == actor.id
    else:
        allowed = false()
    return select(Customer).where(allowed)


def get(session: Session, customer_id: int, *, actor: Actor) -> Customer:
    """Return one customer, or raise `NotFound`: also when there is one that `actor` may not see."""
    customer = session.scalar(visible_to(actor).where(Customer.id == customer_id))
    if customer is None:
        raise NotFound()
    return customer


def named(session: Session, ids: set[int], *, actor: Actor) -> Sequence[Customer]:
    """Return those of the customers with these ids that `actor` may see."""
    return session.scalars(visible_to(actor).where(Customer.id.in_(ids))).all() if ids else []


def by_email(session: Session, email: str) -> Customer | None:
    """Return the customer with this address: for sign-in and arriving messages, before anybody is known."""
    return session.scalar(select(Customer).where(Customer.email == email.strip().lower()))


def signed_in(session: Session, customer_id: int) -> Customer | None:
    """Return the customer whom a valid sign-in names."""
    return session.get(Customer, customer_id)
