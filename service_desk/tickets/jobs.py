"""What happens to tickets at a later hour."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.actors import SYSTEM
from kernel.jobs import job
from service_desk.tickets import commands
from service_desk.tickets.models import Status, Ticket
from tenants import usage
from tenants.archive.importing import after_import

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


after_import("tickets.promise_closings", renews=("tickets.close",))
