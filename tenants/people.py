"""Who works here and as what: invited, given a role, let go, taken back.  Nobody can raise anybody above themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import clock, events
from kernel.actors import Actor
from kernel.errors import DomainError, Forbidden, InvalidField, NotFound, StaleEdit
from kernel.i18n import lazy_text as _l
from tenants import roles, sign_ins, staff, staff_links
from tenants.models import SignIn, StaffMember
from tenants.permissions import Role
from tenants.roles import AboveYou
from tenants.staff_links import Purpose

MOST_AT_ONCE = 50


class OwnRoleStays(Forbidden):
    message = _l("Nobody changes their own role or account here. Ask another administrator.")


class OwnerStays(DomainError):
    message = _l("%(name)s owns this workspace. Transfer the ownership first.")


class AlreadyHere(DomainError):
    status = 409
    message = _l("%(email)s works here already.")


class NotInvited(DomainError):
    status = 409
    message = _l("%(name)s is not waiting for an invitation.")


class OnlyTheOwner(Forbidden):
    message = _l("Only the owner can transfer the ownership.")


class NotAnAdministrator(DomainError):
    message = _l("Only an active administrator who has signed in before can own the workspace.")


class Standing(StrEnum):
    """Where somebody stands: at work, asked to come, or gone."""

    ACTIVE = "active"
    INVITED = "invited"
    EXPIRED = "expired"
    GONE = "gone"


@dataclass(frozen=True)
class Person:
    """A member of staff as the list of people shows them.  `seen_at` is when a browser of theirs last came by."""

    member: StaffMember
    standing: Standing
    is_owner: bool
    seen_at: datetime | None
    has_second_step: bool
    invited_until: datetime | None = None


def everybody(session: Session) -> list[Person]:
    """Return all who work here or did, those at work first, by name; in four statements however many they are."""
    order = (StaffMember.is_active.desc(), StaffMember.password_hash.is_(None), StaffMember.sort_key)
    members = session.scalars(select(StaffMember).order_by(*order)).all()
    last = select(SignIn.person_id, func.max(SignIn.seen_at)).where(SignIn.face == "desk").group_by(SignIn.person_id)
    seen = {staff_id: at for staff_id, at in session.execute(last)}
    invited = staff_links.open_until(session, Purpose.INVITATION)
    owner_id = staff.owner(session).id
    return [_person(member, owner_id, seen.get(member.id), invited.get(member.id)) for member in members]


def _person(member: StaffMember, owner_id: int, seen_at: datetime | None, until: datetime | None) -> Person:
    standing = Standing.ACTIVE
    if not member.is_active:
        standing = Standing.GONE
    elif member.password_hash is None:
        standing = Standing.INVITED if until else Standing.EXPIRED
    return Person(member, standing, member.id == owner_id, seen_at, member.totp_secret is not None, until)


def get(session: Session, staff_id: int) -> StaffMember:
    """Return a member of staff, or raise `NotFound`."""
    member = session.get(StaffMember, staff_id)
    if member is None:
        raise NotFound()
    return member


def addresses_in(text: str) -> list[str]:
    """Return the e-mail addresses in a list as people write it: by line, comma or semicolon.  Raises `InvalidField`."""
    for mark in ",;，；、\n\r\t":
        text = text.replace(mark, " ")
    words = [word.strip("<>") for word in text.split()]
    if not words:
        raise InvalidField("emails", _l("Enter at least one e-mail address."))
    if len(words) > MOST_AT_ONCE:
        raise InvalidField("emails", _l("Invite at most 50 people at a time."))
    return list(dict.fromkeys(_address(word) for word in words))


def _address(word: str) -> str:
    try:
        return staff.mail_address(word)
    except InvalidField as error:
        raise InvalidField("emails", _l("“%(word)s” is not an e-mail address."), word=word[:80]) from error


def invite(session: Session, *, email: str, role: str, language: str, actor: Actor) -> StaffMember:
    """Ask somebody to work here; they come in by the link that their mail holds.

    Raises `AlreadyHere`, `AboveYou`, `InvalidField`.  Who had left and never came is asked anew.
    """
    _check_role(session, role, actor)
    member = staff.by_email(session, email)
    if member is None:
        member = staff.add(session, email=email, name=email.partition("@")[0], role=role, language=language, actor=actor)
    elif member.is_active or member.password_hash is not None:
        raise AlreadyHere(email=email)
    else:
        member.is_active, member.role, member.language = True, role, language
    _send_invitation(session, member, actor)
    return member


def _check_role(session: Session, role: str, actor: Actor) -> None:
    permissions = roles.permissions_of(session, role)
    if permissions is None:
        raise InvalidField("role", _l("Choose one of the roles offered."))
    if not _may_grant(actor, permissions):
        raise AboveYou()


def _may_grant(actor: Actor, permissions: frozenset[str]) -> bool:
    return actor.kind != "staff" or permissions <= actor.permissions


def _send_invitation(session: Session, member: StaffMember, actor: Actor) -> None:
    link = staff_links.promise(session, member, Purpose.INVITATION)
    events.record(session, "staff_member.invited", member, actor=actor, link_id=link.id, email=member.email, role=member.role)


def invite_again(session: Session, member: StaffMember, *, actor: Actor) -> None:
    """Send the invitation once more: with a new link, and the old one ends.  Raises `NotInvited`, `AboveYou`."""
    _check_invited(member)
    _check_reach(session, member, actor)
    _send_invitation(session, member, actor)


def revoke_invitation(session: Session, member: StaffMember, *, actor: Actor) -> None:
    """Take an invitation back: its link ends at once.  Raises `NotInvited`, `AboveYou`."""
    member = _locked(session, member)
    _check_invited(member)
    _check_reach(session, member, actor)
    staff_links.end_all(session, member)
    member.is_active = False
    events.record(session, "staff_member.invitation_revoked", member, actor=actor, email=member.email)


def _check_invited(member: StaffMember) -> None:
    if not member.is_active or member.password_hash is not None:
        raise NotInvited(name=member.name)


def accept_invitation(session: Session, token: str, *, name: str, password: str) -> StaffMember:
    """Come in by the link of an invitation.  Raises `LinkExpired`, `InvalidField` or `PasswordTooShort`."""
    member = staff_links.use(session, token, Purpose.INVITATION)
    staff.set_name(member, name)
    staff_links.set_password(member, password)
    events.record(session, "staff_member.joined", member, actor=member.as_actor(), role=member.role)
    return member


def change_role(session: Session, member: StaffMember, *, role: str, seen: str, actor: Actor) -> None:
    """Give somebody another role, from their next request on; `seen` is the role that the form was opened with.

    Raises `OwnRoleStays`, `OwnerStays`, `AboveYou`, `InvalidField`, `StaleEdit`.
    """
    member = _locked(session, member)
    _check_reach(session, member, actor)
    _check_role(session, role, actor)
    if member.role != seen:
        raise StaleEdit()
    if role == member.role:
        return
    before, member.role = member.role, role
    session.flush()
    session.expire(member, ["own_role"])
    events.record(session, "staff_member.role_changed", member, actor=actor, changes={"role": [before, role]})


def deactivate(session: Session, member: StaffMember, *, actor: Actor) -> None:
    """Let somebody go: their next request, in whichever browser, finds them signed out.  What they did stays theirs.

    Raises `OwnRoleStays`, `OwnerStays`, `AboveYou`.
    """
    member = _locked(session, member)
    _check_reach(session, member, actor)
    if not member.is_active:
        return
    member.is_active = False
    sign_ins.end_all(session, face="desk", person_id=member.id)
    staff_links.end_all(session, member)
    events.record(session, "staff_member.deactivated", member, actor=actor, changes={"is_active": [True, False]})


def reactivate(session: Session, member: StaffMember, *, actor: Actor) -> None:
    """Take somebody back with the role they had; they sign in with the password they had.  Raises as `deactivate`."""
    member = _locked(session, member)
    _check_reach(session, member, actor)
    if member.is_active:
        return
    member.is_active = True
    events.record(session, "staff_member.reactivated", member, actor=actor, changes={"is_active": [False, True]})


def transfer_ownership(session: Session, member: StaffMember, *, actor: Actor) -> None:
    """Make another administrator the owner.  Raises `OnlyTheOwner`, `NotAnAdministrator`."""
    member = _locked(session, member)
    owner = staff.owner(session)
    if actor.id != owner.id:
        raise OnlyTheOwner()
    if not member.is_active or member.role != Role.ADMIN or member.password_hash is None:
        raise NotAnAdministrator()
    if member.id == owner.id:
        return
    # Later than the present owner's, whatever the clocks of two machines say.
    member.owner_since = max(clock.now(), owner.owner_since or clock.now())
    owner.owner_since = None
    changes = {"workspace_owner": [owner.name, member.name]}
    events.record(session, "staff_member.ownership_transferred", member, actor=actor, changes=changes)


def end_sign_ins(session: Session, member: StaffMember, *, actor: Actor, but: str | None = None) -> None:
    """Sign somebody out everywhere; `but` is the token of the browser that asks."""
    sign_ins.end_all(session, face="desk", person_id=member.id, but=but)
    events.record(session, "staff_member.signed_out_everywhere", member, actor=actor)


def end_one_sign_in(session: Session, token_digest: str, *, actor: Actor) -> None:
    """Sign a browser of any member of staff out, or raise `NotFound`."""
    row = session.get(SignIn, token_digest)
    if row is None or row.face != "desk":
        raise NotFound()
    member = get(session, row.person_id)
    sign_ins.end_one(session, face="desk", person_id=member.id, token_digest=token_digest)
    events.record(session, "staff_member.signed_out", member, actor=actor, agent=row.agent, from_address=row.address)


def open_sign_ins(session: Session) -> Sequence[tuple[SignIn, StaffMember]]:
    """Return every browser in which somebody is signed in at the desk, the last seen first."""
    query = select(SignIn, StaffMember).join(StaffMember, StaffMember.id == SignIn.person_id)
    rows = session.execute(query.where(*sign_ins.is_open("desk")).order_by(SignIn.seen_at.desc()))
    return [(sign_in, member) for sign_in, member in rows]


def _locked(session: Session, member: StaffMember) -> StaffMember:
    """Return the member as they are now, while nobody else changes who administers: two at once must not leave nobody."""
    rows = select(StaffMember).where((StaffMember.role == str(Role.ADMIN)) | (StaffMember.id == member.id))
    locking = rows.order_by(StaffMember.id).with_for_update(of=StaffMember).execution_options(populate_existing=True)
    return next(row for row in session.scalars(locking) if row.id == member.id)


def _check_reach(session: Session, member: StaffMember, actor: Actor) -> None:
    if actor.kind == "staff" and actor.id == member.id:
        raise OwnRoleStays()
    if staff.owner(session).id == member.id:
        raise OwnerStays(name=member.name)
    if not _may_grant(actor, member.permissions):
        raise AboveYou()
