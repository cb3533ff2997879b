"""What happens to tickets at a later hour."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, raiseload

from kernel.actors import SYSTEM
from kernel.jobs import job
from service_desk.tickets import commands
from service_desk.tickets.models import Status, Ticket
from tenants import usage
from tenants.archive.importing import after_import
from tenants.migrations.backfills import Batch, backfill

usage.counts("tickets", select(func.count()).select_from(Ticket).scalar_subquery())


@job("tickets.close")
def close_if_still_solved(session: Session, *, ticket_id: int, solved_at: str) -> None:
    """Close a ticket that was solved at `solved_at` and has not been reopened since; a later solving has its own promise."""
    ticket = session.get(Ticket, ticket_id)
    if ticket and ticket.status == Status.SOLVED and ticket.solved_at == datetime.fromisoformat(solved_at):
        commands.set_status(session, ticket, status=Status.CLOSED, actor=SYSTEM)


@job("tickets.promise_closings")
def promise_closings(session: Session) -> None:
    """Promise again to close what is solved: promises do not travel with a tenant's data."""
    for ticket in session.scalars(select(Ticket).where(Ticket.status == Status.SOLVED)):
        commands.promise_closing(session, ticket)


_AT_ONCE = 200


@backfill("tickets.find_by_tags", since="0001")
def find_by_tags(session: Session, position: str) -> Batch:
    """Let tagged tickets of before be found by their tags too; past the ORM, as it makes nobody's open edit stale."""
    query = select(Ticket).where(Ticket.id > int(position or 0), Ticket.tags != []).order_by(Ticket.id).limit(_AT_ONCE)
    some = session.scalars(query.options(raiseload("*")).with_for_update()).all()
    for ticket in some:
        text = commands.searched(ticket)
        session.execute(update(Ticket.__table__).where(Ticket.__table__.c.id == ticket.id).values(search_text=text))  # type: ignore[arg-type]
    return Batch(len(some), str(some[-1].id) if len(some) == _AT_ONCE else None)


after_import("tickets.promise_closings", renews=("tickets.close",))
