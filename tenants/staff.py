"""Staff of a tenant: who they are, and what changes about them."""

from typing import cast

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import Table, bindparam, insert, select
from sqlalchemy.orm import Session

from kernel import clock, database, events, passwords
from kernel.actors import Actor
from kernel.errors import DomainError, InvalidField
from kernel.i18n import lazy_text as _l
from kernel.text import sort_key
from tenants.models import StaffMember
from tenants.permissions import Permission, Role

NAME_LENGTH = 80


class StaffMemberExists(DomainError):
    status = 409
    message = _l("%(email)s already works here.")


def mail_address(text: str) -> str:
    """Return an e-mail address as it is stored and compared: checked for form, in lower case.

    Reserved names such as `acme.example` are allowed, for demonstrations.  Raises `InvalidField`.
    """
    try:
        return validate_email(
            text.strip(), check_deliverability=False, test_environment=True, allow_smtputf8=False
        ).normalized.lower()
    except EmailNotValidError as error:
        raise InvalidField("email", _l("Enter an e-mail address such as name@example.com.")) from error


def active(session: Session) -> list[StaffMember]:
    """Return the staff who may sign in, in the order of their names."""
    return list(session.scalars(select(StaffMember).where(StaffMember.is_active).order_by(StaffMember.sort_key)))


def assignable(session: Session) -> list[StaffMember]:
    """Return the staff to whom work can be given."""
    return with_permission(session, Permission.TICKET_WRITE)


def named(session: Session, ids: set[int]) -> dict[int, StaffMember]:
    """Return staff by id, those who have left included: their names stay on what they did."""
    if not ids:
        return {}
    return {member.id: member for member in session.scalars(select(StaffMember).where(StaffMember.id.in_(ids)))}


def by_email(session: Session, email: str) -> StaffMember | None:
    return session.scalar(select(StaffMember).where(StaffMember.email == email.strip().lower()))


def signed_in(session: Session, staff_id: int) -> StaffMember | None:
    """Return the member whom a valid sign-in names, unless they have left: that ends every sign-in at once."""
    member = session.get(StaffMember, staff_id)
    return member if member and member.is_active else None


def with_permission(session: Session, permission: str) -> list[StaffMember]:
    """Return the active staff whose role holds `permission`."""
    return [member for member in active(session) if permission in member.permissions]


def add(
    session: Session,
    *,
    email: str,
    name: str,
    role: str,
    actor: Actor,
    password: str | None = None,
    language: str = "en",
    title: str = "",
) -> StaffMember:
    """Let somebody work here.  Without a password they set one by the link of an invitation.  Raises `StaffMemberExists`."""
    member = _member(email=email, name=name, role=role, password=password, language=language, title=title)
    database.insert_or_refuse(session, member, StaffMemberExists(email=member.email))
    events.record(session, "staff_member.added", member, actor=actor, role=str(role))
    return member


_GIVEN = ("email", "name", "sort_key", "title", "role", "language", "created_at")
_FIRST = insert(cast(Table, StaffMember.__table__)).values({name: bindparam(name) for name in _GIVEN}).returning(StaffMember.id)


def add_first(session: Session, *, email: str, name: str, language: str, actor: Actor) -> StaffMember:
    """Let in the administrator of a house that nobody works at yet, so that no address there can be taken.

    What is returned is a copy of the row: a sign-up waits for this, and for the session to keep the row took longer than to
    write it.
    """
    member = _member(email=email, name=name, role=Role.ADMIN, language=language)
    member.id = session.execute(_FIRST, {name: getattr(member, name) for name in _GIVEN}).scalar_one()
    events.record(session, "staff_member.added", member, actor=actor, role=member.role)
    return member


def _member(*, email: str, name: str, role: str, password: str | None = None, language: str, title: str = "") -> StaffMember:
    address = mail_address(email)
    if password is not None:
        passwords.check(password)
    return StaffMember(
        email=address,
        name=name,
        sort_key=sort_key(name),
        title=title,
        role=str(role),
        language=language,
        password_hash=passwords.hash_password(password) if password else None,
        created_at=clock.now(),
    )


def owner(session: Session) -> StaffMember:
    """Return the one who owns the workspace: the active administrator to whom it was transferred last, else the first of all.

    So there is always exactly one: no row has to be kept in step with another.
    """
    administrators = select(StaffMember).where(StaffMember.is_active, StaffMember.role == str(Role.ADMIN))
    has_come = StaffMember.password_hash.is_not(None).desc()
    order = (has_come, StaffMember.owner_since.desc().nulls_last(), StaffMember.id)
    return session.scalars(administrators.order_by(*order).limit(1)).one()


def set_name(member: StaffMember, name: str) -> None:
    """Raises `InvalidField`."""
    written = " ".join(name.split())
    if not written or len(written) > NAME_LENGTH:
        raise InvalidField("name", _l("Enter a name of up to 80 characters."))
    member.name, member.sort_key = written, sort_key(written)


def speak(session: Session, member: StaffMember, *, language: str) -> None:
    """Let the back office speak `language` to this member from now on."""
    changes = {"language": [member.language, language]}
    member.language = language
    events.record(session, "staff_member.language_changed", member, actor=member.as_actor(), changes=changes)
