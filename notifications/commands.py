"""What changes about notifications."""

from sqlalchemy import update
from sqlalchemy.orm import Session

from kernel import clock
from kernel.actors import Actor
from notifications.models import BellItem


def mark_read(session: Session, *, actor: Actor, ticket_id: int | None = None, article_id: int | None = None) -> None:
    """Mark the actor's bell items as read: all, or those about one ticket or article (opening it is reading them)."""
    if actor.kind != "staff":
        return  # a guest's id is one of the platform's, and may be that of somebody here as well
    mine = update(BellItem).where(BellItem.staff_id == actor.id, BellItem.read_at.is_(None))
    if ticket_id is not None:
        mine = mine.where(BellItem.ticket_id == ticket_id)
    if article_id is not None:
        mine = mine.where(BellItem.article_id == article_id)
    session.execute(mine.values(read_at=clock.now()))
