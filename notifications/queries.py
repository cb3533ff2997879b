"""What a member of staff has been told, and the mails caught in demonstrations."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session

from kernel.actors import Actor
from notifications.models import BellItem
from notifications.models import CapturedMail as CapturedMail
from tenants.permissions import Permission


def bell(session: Session, *, actor: Actor, limit: int = 20) -> Sequence[BellItem]:
    """Return the newest items of the actor's own bell."""
    query = select(BellItem).where(_is_heard_by(actor)).order_by(BellItem.at.desc()).limit(limit)
    return session.scalars(query).all()


def unread_count(session: Session, *, actor: Actor) -> int:
    query = select(func.count()).where(_is_heard_by(actor), BellItem.read_at.is_(None))
    return session.scalar(query) or 0


def _is_heard_by(actor: Actor) -> ColumnElement[bool]:
    """Whose role has changed hears no more of what they may no longer read; a guest's id is none of the house's."""
    if actor.kind != "staff":
        return false()
    rooms = ((BellItem.ticket_id, Permission.TICKET_READ), (BellItem.article_id, Permission.ARTICLE_READ))
    open_to_them = (about.is_not(None) for about, permission in rooms if actor.may(permission))
    return and_(BellItem.staff_id == actor.id, or_(false(), *open_to_them))


def captured_mails(session: Session, *, to: str = "", limit: int = 500) -> Sequence[CapturedMail]:
    """Return captured mails, oldest first, those to one address when `to` is given."""
    query = select(CapturedMail).order_by(CapturedMail.sent_at.desc()).limit(limit)
    if to:
        query = query.where(CapturedMail.to_address == to.strip().lower())
    return session.scalars(query).all()[::-1]


def captured_mail(session: Session, message_id: str) -> CapturedMail | None:
    return session.get(CapturedMail, message_id)
