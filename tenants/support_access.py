"""Support access: a tenant lets the platform's operators in for a time, sees what they do, and can put them out at once.

Without a pass there is no way in.  The pass lives in the tenant's own schema, so that the tenant decides; whoever comes in by
it works with the rights of the role that it names, but is no member of staff: they carry nothing away, delete nothing, and
decide nothing about people or passes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, database, events, passwords
from kernel.actors import Actor
from kernel.database import TenantBase, tenant_id_column
from kernel.errors import DomainError, InvalidField, NotFound
from kernel.events import Event, listens_to
from kernel.i18n import lazy_text as _l
from kernel.text import clean
from tenants import operator_log, registry, sign_ins
from tenants.models import SignIn
from tenants.permissions import FOR_GUESTS, GRANTED, Role

HOURS = (1, 2, 8, 24)
DEFAULT_HOURS = 2
ROLES = (Role.VIEWER, Role.AGENT, Role.ADMIN)
_REASON_LENGTH = 300
_NAME_LENGTH = 120
_MOST_OPEN = 10
_FACE, _DOOR = "support", "door"
_DOOR_OPEN_FOR = timedelta(minutes=5)


class NoAccess(DomainError):
    status = 403
    message = _l("%(company)s has not let us in, or its pass has ended. Ask its administrator for one.")


class LinkUsedUp(DomainError):
    status = 410
    message = _l("This link has been used, or is too old. Ask for a new one where you found it.")


class TooManyPasses(DomainError):
    message = _l("Ten passes are open already. End one that nobody needs, then grant a new one.")


class AccessPass(TenantBase):
    """A tenant's leave for operators to come in as `role` until `until`, or until somebody ends it."""

    __tablename__ = "access_pass"

    id: Mapped[int] = tenant_id_column()
    # Bounded, so that PostgreSQL makes no TOAST table for them (docs/decisions/0042).
    reason: Mapped[str] = mapped_column(String(_REASON_LENGTH))
    role: Mapped[str] = mapped_column(String(20))
    granted_by: Mapped[int] = mapped_column(BigInteger)
    granted_by_name: Mapped[str] = mapped_column(String(_NAME_LENGTH))
    created_at: Mapped[datetime]
    until: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    @property
    def is_open(self) -> bool:
        return self.ended_at is None and self.until > clock.now()


def grant(session: Session, *, reason: str, role: Role, hours: int, actor: Actor) -> AccessPass:
    """Let operators in from now on.  Raises `InvalidField` or `TooManyPasses`."""
    text = " ".join(clean(reason).split())[:_REASON_LENGTH]
    if not text:
        raise InvalidField("reason", _l("Say what we should look at."))
    if role not in ROLES or hours not in HOURS:
        raise InvalidField("role", _l("Choose one of the options offered."))
    if len(open_passes(session)) >= _MOST_OPEN:
        raise TooManyPasses()
    now = clock.now()
    made = AccessPass(reason=text, role=role, granted_by=actor.id, granted_by_name=actor.name[:_NAME_LENGTH], created_at=now)
    made.until = now + timedelta(hours=hours)
    session.add(made)
    facts = {"role": str(role), "until": made.until.isoformat(), "reason": text}
    events.record(session, "access_pass.granted", made, actor=actor, **facts)
    return made


def end(session: Session, pass_id: int, *, actor: Actor) -> None:
    """Put everybody out who came in by this pass, with their next request.  Raises `NotFound` when it is over anyway."""
    now = clock.now()
    is_open = AccessPass.ended_at.is_(None) & (AccessPass.until > now)
    ended = update(AccessPass).where(AccessPass.id == pass_id, is_open).values(ended_at=now).returning(AccessPass)
    row = session.scalar(ended)
    if row is None:
        raise NotFound()
    sign_ins.end_all(session, face=_FACE, person_id=row.id)
    events.record(session, "access_pass.ended", row, actor=actor)


def passes(session: Session, *, limit: int = 50) -> Sequence[AccessPass]:
    """Return the passes of the tenant, open and past, the newest first."""
    return session.scalars(select(AccessPass).order_by(AccessPass.id.desc()).limit(limit)).all()


def open_passes(session: Session) -> list[AccessPass]:
    """Return the passes that let in now, the newest first."""
    query = select(AccessPass).where(AccessPass.ended_at.is_(None), AccessPass.until > clock.now())
    return list(session.scalars(query.order_by(AccessPass.id.desc())))


def guests(session: Session, pass_ids: list[int]) -> dict[int, list[str]]:
    """Return the names of the operators who came in by each pass."""
    came = select(SignIn.person_id, SignIn.operator_name).where(SignIn.face == _FACE, SignIn.person_id.in_(pass_ids))
    found: dict[int, list[str]] = {}
    for pass_id, name in session.execute(came.distinct()):
        found.setdefault(pass_id, []).append(name or "")
    return found


def link_for_operator(session: Session, pass_id: int, *, operator: Actor, address: str) -> str:
    """Return the token of a link that lets the operator in once, within five minutes; or raise `NoAccess`.

    `session` stands in the tenant: the platform reaches in through this one function, and only where a pass is open.
    """
    found = session.get(AccessPass, pass_id)
    if found is None or not found.is_open:
        raise NoAccess(company=registry.of(session).name)
    return sign_ins.open_sign_in(session, face=_DOOR, person_id=found.id, address=address, operator=operator)


def link_for_member(session: Session, staff_id: int) -> str:
    """Return the token of a link that signs a member of staff in once, within five minutes (a new tenant's owner)."""
    return sign_ins.open_sign_in(session, face=_DOOR, person_id=staff_id)


@dataclass(frozen=True)
class Arrival:
    """Who came in by a link: a member of staff, or an operator by a pass; `token` is for an operator's cookie."""

    staff_id: int | None
    token: str


def arrive(session: Session, token: str, *, agent: str, address: str) -> Arrival:
    """Use a link up and say who came in by it.  Raises `LinkUsedUp`, or `NoAccess` when the pass has ended meanwhile."""
    now = clock.now()
    is_open = (SignIn.face == _DOOR, SignIn.ended_at.is_(None), SignIn.created_at > now - _DOOR_OPEN_FOR)
    used = update(SignIn).where(SignIn.token_digest == passwords.digest(token), *is_open).values(ended_at=now)
    link = session.scalar(used.returning(SignIn))
    if link is None:
        raise LinkUsedUp()
    if link.operator_id is None:
        return Arrival(link.person_id, "")
    return Arrival(None, _let_in(session, link, agent=agent, address=address))


def _let_in(session: Session, link: SignIn, *, agent: str, address: str) -> str:
    found = session.get(AccessPass, link.person_id)
    if found is None or not found.is_open:
        raise NoAccess(company=registry.of(session).name)
    facts = {"agent": agent, "address": address}
    operator = Actor(kind="operator", id=link.operator_id, name=link.operator_name or "")
    token = sign_ins.open_sign_in(session, face=_FACE, person_id=found.id, operator=operator, **facts)
    events.record(session, "access_pass.used", found, actor=_guest(link, found), operator_id=operator.id, address=address)
    return token


@dataclass(frozen=True)
class Visit:
    """An operator who is in: as whom, and by which pass."""

    actor: Actor
    access_pass: AccessPass


def visiting(session: Session, token: str) -> Visit | None:
    """Return the operator whose browser holds this token, while their pass is open: asked anew with every request."""
    pass_id = sign_ins.person_signed_in(session, face=_FACE, token=token)
    found = session.get(AccessPass, pass_id) if pass_id else None
    if found is None or not found.is_open:
        return None
    return Visit(_guest(session.get_one(SignIn, passwords.digest(token)), found), found)


def _guest(sign_in: SignIn, access_pass: AccessPass) -> Actor:
    """An operator in a tenant: the rights of the role granted, as far as guests may have them."""
    rights = frozenset(map(str, GRANTED[Role(access_pass.role)] & FOR_GUESTS))
    return Actor(kind="operator", name=sign_in.operator_name or "", permissions=rights)


@listens_to("access_pass.granted", "access_pass.ended", "access_pass.used")
def tell_platform(session: Session, event: Event) -> None:
    """Write on the platform's side what the tenant's audit trail says of operators, once; its reason stays with the tenant."""
    # Whoever granted or ended it is the tenant's, whose names go when it is purged; who came in is ours.
    kind: Any = event.actor_kind
    actor = Actor(kind=kind, id=event.data.get("operator_id") or event.actor_id, name=event.actor_name)
    tenant_id = database.stand_of(session).tenant_id
    facts = {name: event.data[name] for name in ("role", "until", "address") if name in event.data}
    with database.transaction() as platform:
        operator_log.record(platform, event.name, operator=actor, tenant_id=tenant_id, event_id=event.id, **facts)
