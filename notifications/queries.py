"""What a member of staff has been told, and the mails caught in demonstrations."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel.actors import Actor
from notifications.models import BellItem
from notifications.models import CapturedMail as CapturedMail


def bell(session: Session, *, actor: Actor, limit: int = 20) -> Sequence[BellItem]:
    """Return the newest items of the actor's own bell."""
    query = select(BellItem).where(BellItem.staff_id == actor.id).order_by(BellItem.at.desc()).limit(limit)
    return session.scalars(query).all()


def unread_count(session: Session, *, actor: Actor) -> int:
    query = select(func.count()).where(BellItem.staff_id == actor.id, BellItem.read_at.is_(None))
    return session.scalar(query) or 0


def captured_mails(session: Session, *, to: str = "", limit: int = 500) -> Sequence[CapturedMail]:
    """Return captured mails, oldest first, those to one address when `to` is given."""
    query = select(CapturedMail).order_by(CapturedMail.sent_at.desc()).limit(limit)
    if to:
        query = query.where(CapturedMail.to_address == to.strip().lower())
    return session.scalars(query).all()[::-1]


def captured_mail(session: Session, message_id: str) -> CapturedMail | None:
    return session.get(CapturedMail, message_id)
