"""Roles: the built-in ones, those a tenant makes for itself, and what each may do in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from kernel import clock, database, events
from kernel.actors import Actor
from kernel.errors import DomainError, Forbidden, InvalidField, NotFound, StaleEdit
from kernel.i18n import LazyText
from kernel.i18n import lazy_text as _l
from tenants.models import StaffMember, StaffRole
from tenants.permissions import GRANTABLE, GRANTED, OWN, ROLE_NAMES, Permission, Role

NAME_LENGTH = 40
MOST_ROLES = 50

# What each permission lets one do, as the end of a sentence: "may answer tickets".  In the order in which they are read.
DEEDS: dict[str, LazyText] = {
    Permission.TICKET_READ: _l("see tickets"),
    Permission.TICKET_WRITE: _l("answer and change tickets"),
    Permission.TICKET_DELETE: _l("delete tickets"),
    Permission.CUSTOMER_READ: _l("see customers"),
    Permission.CUSTOMER_WRITE: _l("add and change customers"),
    Permission.ARTICLE_READ: _l("read drafts of articles"),
    Permission.ARTICLE_WRITE: _l("write articles"),
    Permission.ARTICLE_PUBLISH: _l("publish articles"),
    Permission.RECORD_EXPORT: _l("export lists"),
    Permission.STAFF_MANAGE: _l("invite people and give them roles"),
    Permission.SETTINGS_MANAGE: _l("change the settings of the workspace"),
    Permission.AUDIT_INSPECT: _l("read the audit log"),
    Permission.TENANT_TAKE_ALONG: _l("export everything"),
    Permission.TENANT_CLOSE: _l("close the workspace"),
    Permission.SUPPORT_MANAGE: _l("let the people of Frontdesk in for a time"),
}
# What makes no sense without something else.
_NEEDS = {
    Permission.TICKET_WRITE: Permission.TICKET_READ,
    Permission.TICKET_DELETE: Permission.TICKET_READ,
    Permission.CUSTOMER_WRITE: Permission.CUSTOMER_READ,
    Permission.ARTICLE_WRITE: Permission.ARTICLE_READ,
    Permission.ARTICLE_PUBLISH: Permission.ARTICLE_WRITE,
}


class RoleNameTaken(DomainError):
    status = 409
    message = _l("There is a role called “%(name)s” already.")


class RoleInUse(DomainError):
    status = 409
    message = _l("%(count)s people still have this role. Give them another one first.")


class AboveYou(Forbidden):
    message = _l("You can only give and take what your own role may do.")


class OwnRoleStays(Forbidden):
    message = _l("Nobody changes the role that they have themselves. Ask another administrator.")


class TooManyRoles(DomainError):
    message = _l("There are fifty roles already. Delete one that nobody needs first.")


@dataclass(frozen=True)
class RoleSheet:
    """A role as it is shown: its key in `staff_member.role`, its name, what it may do, and how many have it."""

    key: str
    name: LazyText | str
    permissions: frozenset[str]
    people: int
    own: StaffRole | None = None

    @property
    def may(self) -> list[LazyText]:
        return [deed for permission, deed in DEEDS.items() if permission in self.permissions]

    @property
    def may_not(self) -> list[LazyText]:
        return [deed for permission, deed in DEEDS.items() if permission not in self.permissions]


def all_of(session: Session) -> list[RoleSheet]:
    """Return the built-in roles and then the tenant's own, by name, in two statements."""
    counted = select(StaffMember.role, func.count()).where(StaffMember.is_active).group_by(StaffMember.role)
    people = {role: count for role, count in session.execute(counted)}
    built_in = [_built_in(role, people.get(str(role), 0)) for role in Role]
    return [*built_in, *(_own(role, people.get(role.key, 0)) for role in own_roles(session))]


def _built_in(role: Role, people: int) -> RoleSheet:
    return RoleSheet(str(role), ROLE_NAMES[role], frozenset(map(str, GRANTED[role])), people)


def _own(role: StaffRole, people: int) -> RoleSheet:
    return RoleSheet(role.key, role.name, frozenset(role.permissions) & GRANTABLE | OWN, people, role)


def own_roles(session: Session) -> Sequence[StaffRole]:
    return session.scalars(select(StaffRole).order_by(StaffRole.name)).all()


def sheet(session: Session, key: str) -> RoleSheet:
    """Return one role, or raise `NotFound`."""
    for found in all_of(session):
        if found.key == key:
            return found
    raise NotFound()


def own(session: Session, role_id: int) -> StaffRole:
    """Return a role of the tenant's own, or raise `NotFound`."""
    role = session.get(StaffRole, role_id)
    if role is None:
        raise NotFound()
    return role


def permissions_of(session: Session, key: str) -> frozenset[str] | None:
    """Return what the role called `key` in a member's row may do, or nothing when there is no such role."""
    if key in GRANTED:
        return frozenset(map(str, GRANTED[Role(key)]))
    if not (key.isascii() and key.isdecimal() and len(key) <= 18):
        return None
    role = session.get(StaffRole, int(key))
    return frozenset(role.permissions) & GRANTABLE | OWN if role else None


def name_of(member: StaffMember) -> LazyText | str:
    """Return what a member's role is called."""
    if member.role in GRANTED:
        return ROLE_NAMES[Role(member.role)]
    return member.own_role.name if member.own_role else member.role


def completed(permissions: Iterable[str]) -> frozenset[str]:
    """Return what can be granted of `permissions`, with whatever each of them needs to make sense."""
    wanted = set(permissions) & GRANTABLE
    while missing := {str(_NEEDS[Permission(one)]) for one in wanted if one in _NEEDS} - wanted:
        wanted |= missing
    return frozenset(wanted)


def add(session: Session, *, name: str, permissions: Iterable[str], actor: Actor) -> StaffRole:
    """Make a role of the tenant's own.  Raises `InvalidField`, `RoleNameTaken`, `AboveYou`, `TooManyRoles`."""
    wanted = completed(permissions)
    _check_reach(actor, wanted)
    if len(own_roles(session)) >= MOST_ROLES:
        raise TooManyRoles()
    title = _name(name)
    role = StaffRole(name=title, permissions=sorted(wanted), created_at=clock.now())
    database.insert_or_refuse(session, role, RoleNameTaken(name=title))
    changes = {"name": [None, title], "permissions": [[], sorted(wanted)]}
    events.record(session, "staff_role.added", role, actor=actor, changes=changes)
    return role


def change(session: Session, role: StaffRole, *, name: str, permissions: Iterable[str], version: int, actor: Actor) -> None:
    """Change what a role may do, for all who have it, from their next request on.

    Raises `StaleEdit`, `InvalidField`, `RoleNameTaken`, `AboveYou`, and `OwnRoleStays` for the role that the actor has.
    """
    wanted, title = completed(permissions), _name(name)
    _check_not_own(session, role, actor)
    _check_reach(actor, wanted ^ frozenset(role.permissions))
    if role.version != version:
        raise StaleEdit()
    changes = _changes(role, title, sorted(wanted))
    if not changes:
        return
    if title != role.name and session.scalar(select(StaffRole.id).where(StaffRole.name == title)):
        raise RoleNameTaken(name=title)
    role.name, role.permissions = title, sorted(wanted)
    session.flush()
    events.record(session, "staff_role.changed", role, actor=actor, changes=changes)


def _changes(role: StaffRole, name: str, permissions: list[str]) -> dict[str, list[object]]:
    changes: dict[str, list[object]] = {}
    if role.name != name:
        changes["name"] = [role.name, name]
    if sorted(role.permissions) != permissions:
        changes["permissions"] = [sorted(role.permissions), permissions]
    return changes


def delete(session: Session, role: StaffRole, *, actor: Actor) -> None:
    """Delete a role that nobody has.  Raises `RoleInUse`, `AboveYou`."""
    _check_reach(actor, frozenset(role.permissions))
    people = session.scalars(select(StaffMember).where(StaffMember.role == role.key).with_for_update(of=StaffMember)).all()
    if people:
        raise RoleInUse(count=len(people))
    changes = {"name": [role.name, None], "permissions": [sorted(role.permissions), []]}
    events.record(session, "staff_role.deleted", role, actor=actor, changes=changes)
    session.delete(role)
    session.flush()


def _name(name: str) -> str:
    title = " ".join(name.split())
    if not title or len(title) > NAME_LENGTH:
        raise InvalidField("name", _l("Give the role a name of up to 40 characters."))
    if title.lower() in {word.message.lower() for word in ROLE_NAMES.values()}:
        raise RoleNameTaken(name=title)
    return title


def _check_not_own(session: Session, role: StaffRole, actor: Actor) -> None:
    if actor.kind == "staff" and actor.id is not None:
        member = session.get(StaffMember, actor.id)
        if member is not None and member.role == role.key:
            raise OwnRoleStays()


def _check_reach(actor: Actor, permissions: frozenset[str]) -> None:
    if actor.kind == "staff" and not permissions <= actor.permissions:
        raise AboveYou()
