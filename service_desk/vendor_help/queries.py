"""What a tenant's people may know of their questions to the vendor: their own, and its administrators all of the tenant's."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from kernel import database
from kernel.actors import Actor
from kernel.errors import NotFound
from kernel.files import StoredFile
from service_desk.tickets import queries as tickets
from service_desk.tickets.models import Message, Ticket
from service_desk.vendor_help.models import HelpRequest as HelpRequest
from tenants import registry, vendor
from tenants.permissions import Permission


@dataclass(frozen=True)
class Question:
    """A question as the tenant sees it: who asked, and the vendor's ticket."""

    request: HelpRequest
    ticket: Ticket


def _visible_to(session: Session, actor: Actor) -> Select[HelpRequest]:
    """`session` stands in the tenant, which decides whose questions these can be."""
    mine = select(HelpRequest).where(HelpRequest.tenant_id == registry.of(session).id)
    return mine if actor.may(Permission.STAFF_MANAGE) else mine.where(HelpRequest.staff_id == actor.id)


def questions(session: Session, *, actor: Actor, limit: int = 50) -> list[Question]:
    """Return what was asked, the newest first."""
    with database.transaction() as platform:
        query = _visible_to(session, actor).order_by(HelpRequest.created_at.desc()).limit(limit)
        requests = platform.scalars(query).all()
    if not requests:
        return []
    with vendor.door() as inside:
        theirs = select(Ticket).where(Ticket.public_id.in_([one.public_id for one in requests]))
        found = inside.scalars(theirs.options(*tickets.WITH_PEOPLE)).all()
    by_id = {ticket.public_id: ticket for ticket in found}
    return [Question(one, by_id[one.public_id]) for one in requests if one.public_id in by_id]


def request(session: Session, public_id: uuid.UUID, *, actor: Actor) -> HelpRequest:
    """Return one request of this tenant that `actor` may see, or raise `NotFound`."""
    with database.transaction() as platform:
        found = platform.scalar(_visible_to(session, actor).where(HelpRequest.public_id == public_id))
    if found is None:
        raise NotFound()
    return found


def conversation(session: Session, public_id: uuid.UUID, *, actor: Actor) -> tuple[Question, Sequence[Message]]:
    """Return a question with what was written so far; the vendor's internal notes are never among it."""
    asked = request(session, public_id, actor=actor)
    with vendor.door() as inside:
        ticket = tickets.by_public_id(inside, public_id)
        return Question(asked, ticket), tickets.conversation(inside, ticket, actor=ticket.customer.as_actor())


def file(inside: Session, asked: HelpRequest, file_id: uuid.UUID) -> StoredFile:
    """Return a file of the question that its asker may see; `inside` is the vendor's house.  Raises `NotFound`."""
    ticket = tickets.by_public_id(inside, asked.public_id)
    return tickets.file_of(inside, ticket, file_id, actor=ticket.customer.as_actor())


def of_tenant(session: Session, tenant_id: int, *, limit: int = 20) -> Sequence[HelpRequest]:
    """Return what a tenant asked, the newest first, for the operators' console; `session` is on the platform."""
    query = select(HelpRequest).where(HelpRequest.tenant_id == tenant_id)
    return session.scalars(query.order_by(HelpRequest.created_at.desc()).limit(limit)).all()
