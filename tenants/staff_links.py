"""Links in mails by which staff set a password: invitations, and for those who forgot theirs."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.orm import Session

from kernel import clock, events, outbox, passwords
from kernel.actors import VISITOR
from kernel.errors import DomainError
from kernel.i18n import lazy_text as _l
from kernel.jobs import job
from tenants import sign_ins, staff
from tenants.models import StaffLink, StaffMember


class Purpose(StrEnum):
    INVITATION = "invitation"
    RESET = "reset"


LIFETIME = {Purpose.INVITATION: timedelta(hours=72), Purpose.RESET: timedelta(minutes=45)}
_KEPT_AFTERWARDS = timedelta(days=30)


class LinkExpired(DomainError):
    status = 410
    message = _l("This link has been used, taken back or is too old. Ask for a new one.")


def promise(session: Session, member: StaffMember, purpose: Purpose) -> StaffLink:
    """Note that a mail with a link is on its way; links of the same purpose end.  The letter's writer makes its token."""
    now = clock.now()
    session.execute(delete(StaffLink).where(StaffLink.expires_at < now - _KEPT_AFTERWARDS))
    _end(session, member, StaffLink.purpose == str(purpose))
    link = StaffLink(staff_id=member.id, purpose=str(purpose), created_at=now, expires_at=now + LIFETIME[purpose])
    session.add(link)
    session.flush()
    return link


def make_token(link: StaffLink) -> str:
    """Return a new token for the link's mail; it ends the one made before."""
    token = passwords.new_token()
    link.digest = passwords.digest(token)
    return token


def end_all(session: Session, member: StaffMember) -> None:
    _end(session, member)


def _end(session: Session, member: StaffMember, *narrower: ColumnElement[bool]) -> None:
    open_links = update(StaffLink).where(StaffLink.staff_id == member.id, StaffLink.ended_at.is_(None), *narrower)
    session.execute(open_links.values(ended_at=clock.now()))


def open_until(session: Session, purpose: Purpose) -> dict[int, datetime]:
    """Return until when the open links of a purpose work, by the member they are for."""
    query = select(StaffLink.staff_id, StaffLink.expires_at).where(*_is_open(purpose))
    return {staff_id: at for staff_id, at in session.execute(query)}


def _is_open(purpose: Purpose) -> tuple[ColumnElement[bool], ...]:
    return StaffLink.purpose == str(purpose), StaffLink.ended_at.is_(None), StaffLink.expires_at > clock.now()


def look(session: Session, token: str, purpose: Purpose) -> StaffMember:
    """Return whom a link lets in while it works; looking does not use it up.  Raises `LinkExpired`."""
    query = select(StaffLink.staff_id).where(*_is_open(purpose), StaffLink.digest == passwords.digest(token))
    return _member(session, session.scalar(query))


def use(session: Session, token: str, purpose: Purpose) -> StaffMember:
    """Use a link up and return whom it lets in.  Raises `LinkExpired`."""
    link = update(StaffLink).where(*_is_open(purpose), StaffLink.digest == passwords.digest(token))
    return _member(session, session.scalar(link.values(ended_at=clock.now()).returning(StaffLink.staff_id)))


def _member(session: Session, staff_id: int | None) -> StaffMember:
    member = staff.signed_in(session, staff_id) if staff_id else None
    if member is None:
        raise LinkExpired()
    return member


def set_password(member: StaffMember, password: str) -> None:
    """Raises `PasswordTooShort`."""
    passwords.check(password)
    member.password_hash = passwords.hash_password(password)


def ask_for_reset(session: Session, *, email: str, address: str) -> None:
    """Promise a mail to whoever forgot their password, if they work here: known or not, the same is done at once.

    Raises `InvalidField` or `TooManyTries`.
    """
    asked = staff.mail_address(email)
    tries = {"account": f"reset:{asked}", "address": f"reset@{address}"}
    sign_ins.check_tries(session, **tries)
    sign_ins.note_failed_try(session, **tries)
    outbox.put(session, "staff_links.answer_reset", {"email": asked, "address": address})


@job("staff_links.answer_reset")
def answer_reset(session: Session, *, email: str, address: str) -> None:
    member = staff.by_email(session, email)
    if member is None or not member.is_active or member.password_hash is None:
        return
    events.come_from(address)
    link = promise(session, member, Purpose.RESET)
    events.record(session, "staff_member.reset_requested", member, actor=VISITOR, link_id=link.id)


def reset_password(session: Session, token: str, *, password: str) -> StaffMember:
    """Set a new password by a link; every browser is signed out and the second step stays.

    Raises `LinkExpired` or `PasswordTooShort`.
    """
    member = use(session, token, Purpose.RESET)
    set_password(member, password)
    sign_ins.end_all(session, face="desk", person_id=member.id)
    events.record(session, "staff_member.password_reset", member, actor=member.as_actor())
    return member
