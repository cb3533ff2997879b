"""Saved views: a list's address under a name, for oneself or for the team."""

from collections.abc import Sequence

from sqlalchemy import ForeignKey, Integer, Select, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import events
from kernel.actors import Actor
from kernel.database import TenantBase, tenant_id_column
from kernel.errors import DomainError, Forbidden, InvalidField, NotFound
from kernel.i18n import lazy_text as _l
from kernel.text import clean

_NAME_LENGTH, _QUERY_LENGTH, _MOST = 60, 2000, 50


class TooManyViews(DomainError):
    message = _l("There are 50 saved views of this list already. Delete one that nobody needs, then save again.")


class SavedView(TenantBase):
    """The list of a record type as `query`, an address's part after the question mark; shared when it is nobody's own."""

    __tablename__ = "saved_view"

    id: Mapped[int] = tenant_id_column()
    record_type: Mapped[str]
    name: Mapped[str]
    query: Mapped[str]
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff_member.id"))
    position: Mapped[int] = mapped_column(Integer)

    @property
    def is_shared(self) -> bool:
        return self.staff_id is None


def _visible_to(actor: Actor) -> Select[SavedView]:
    return select(SavedView).where(or_(SavedView.staff_id.is_(None), SavedView.staff_id == actor.id))


def of_list(session: Session, record_type: str, *, actor: Actor) -> Sequence[SavedView]:
    """Return the team's views of a list and the actor's own, in their order."""
    query = _visible_to(actor).where(SavedView.record_type == record_type)
    return session.scalars(query.order_by(SavedView.position, SavedView.id)).all()


def save(session: Session, record_type: str, *, name: str, query: str, is_shared: bool, actor: Actor) -> SavedView:
    """Keep a list's address under a name, after those kept before.  Raises `InvalidField` or `TooManyViews`."""
    kept_name = " ".join(clean(name).split())[:_NAME_LENGTH]
    if not kept_name:
        raise InvalidField("name", _l("Enter a name for the view."))
    if len(query) > _QUERY_LENGTH:
        raise InvalidField("name", _l("This view has too many filters to be saved."))
    of_type = select(func.count(), func.max(SavedView.position)).where(SavedView.record_type == record_type)
    count, last = session.execute(of_type.where(or_(SavedView.staff_id.is_(None), SavedView.staff_id == actor.id))).one()
    if count >= _MOST:
        raise TooManyViews()
    owner = None if is_shared else actor.id
    view = SavedView(record_type=record_type, name=kept_name, query=query, staff_id=owner, position=(last or 0) + 1)
    session.add(view)
    events.record(session, "saved_view.saved", view, actor=actor, record_type=record_type, title=kept_name, query=query)
    return view


def delete(session: Session, view_id: int, *, record_type: str, may_share: bool, actor: Actor) -> None:
    """Forget a view: one's own or, for those who may share one (else `Forbidden`), the team's; anyone else's is not found."""
    view = session.scalar(_visible_to(actor).where(SavedView.id == view_id, SavedView.record_type == record_type))
    if view is None:
        raise NotFound()
    if view.is_shared and not may_share:
        raise Forbidden()
    events.record(session, "saved_view.deleted", view, actor=actor, title=view.name, query=view.query)
    session.delete(view)
