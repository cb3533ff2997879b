"""Signing up: from an e-mail address to a workspace with its owner, in steps that can be repeated after any interruption.

The row of a sign-up is the thread: the browser's cookie names it, its lock lets two clicks queue up, and its `tenant_id` is
what it has come to.  Nobody enters a workspace before they proved that they read the mail of its owner's address.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Index, Integer, delete, func, select, update
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel import clock, database, outbox, passwords
from kernel.actors import SYSTEM
from kernel.database import PlatformBase
from kernel.errors import AlreadySent, InvalidField, NotFound
from kernel.i18n import lazy_text as _l
from kernel.text import clean
from tenants import furnishing, provisioning, registry, staff, support_access
from tenants.models import Tenant
from tenants.permissions import Role
from tenants.provisioning import SlugTaken, SlugUnfit
from tenants.registry import TenantFacts
from tenants.sign_ins import CODE_LIFETIME, CODE_TRIES, CodeRefused, TooManyTries
from tenants.staff import mail_address

NAME_LENGTH = 120
_KEPT_FOR = timedelta(days=1)
_WINDOW = timedelta(hours=1)
# An office shares one address on the network; a mailbox is one person's.
_PER_EMAIL, _PER_ADDRESS = 5, 20
_MOST_MAILS = 5
_TAKEN = _l("This address is taken. Choose another one.")


class SignUp(PlatformBase):
    """Somebody who wants a workspace.  `tenant_id` is the one they got; `proved_at` when they typed the code of our mail."""

    __tablename__ = "sign_up"
    __table_args__ = (Index("ix_sign_up_email", "email", "created_at"), Index("ix_sign_up_address", "address", "created_at"))

    id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), primary_key=True)
    email: Mapped[str]
    language: Mapped[str]
    address: Mapped[str]
    code_digest: Mapped[str | None]
    code_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    mails: Mapped[int] = mapped_column(Integer, server_default="1")
    created_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
    tenant_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What the workspace shall be."""

    company: str
    slug: str
    locale: str
    time_zone: str
    template: str = furnishing.BLANK
    has_demo_data: bool = False


def begin(key: str, *, email: str, language: str, address: str) -> None:
    """Note who wants a workspace and promise them a mail with a code, in a transaction of its own: what follows may fail.

    `key` is the form's (32 hexadecimal digits): the same form sent twice, or again after a crash, is one sign-up.  `address`
    is the network's.  Raises `InvalidField` or `TooManyTries`.
    """
    mail_to = mail_address(email)
    now = clock.now()
    with database.transaction() as session:
        if session.get(SignUp, uuid.UUID(key)) is not None:
            return
        recent = SignUp.created_at > now - _WINDOW
        for is_same, most in ((SignUp.email == mail_to, _PER_EMAIL), (SignUp.address == address, _PER_ADDRESS)):
            if (session.scalar(select(func.count()).where(is_same, recent)) or 0) >= most:
                raise TooManyTries()
        row = SignUp(id=uuid.UUID(key), email=mail_to, language=language, address=address, created_at=now)
        database.insert_or_refuse(session, row, AlreadySent())
        _promise_mail(session, row)


def _promise_mail(session: Session, row: SignUp) -> None:
    outbox.put(session, "notifications.send_sign_up_code", {"sign_up_id": str(row.id)})


def mail_again(session: Session, row: SignUp) -> None:
    """Promise another mail; its code takes the place of the one before.  Raises `TooManyTries` after five."""
    if row.mails >= _MOST_MAILS:
        raise TooManyTries()
    row.mails += 1
    row.tries = 0
    _promise_mail(session, row)


def find(session: Session, sign_up_id: str, *, lock: bool = False) -> SignUp | None:
    """Return a sign-up of the last day; with `lock`, whoever else goes on with it waits until this transaction is over."""
    try:
        key = uuid.UUID(sign_up_id)
    except ValueError:
        return None
    query = select(SignUp).where(SignUp.id == key, SignUp.created_at > clock.now() - _KEPT_FOR)
    return session.scalar(query.with_for_update() if lock else query)


def forget_old(session: Session) -> None:
    """Forget who signed up or tried to: after the day in which they could go on, nobody needs their address here."""
    session.execute(delete(SignUp).where(SignUp.created_at < clock.now() - 2 * _KEPT_FOR))


def make_code(row: SignUp) -> str:
    """Make the code for the mail; only its digest stays, and a second making voids the first."""
    code = passwords.new_code()
    row.code_digest, row.code_at = _digest(row, code), clock.now()
    return code


def _digest(row: SignUp, code: str) -> str:
    return passwords.digest(f"{row.id}:{code}")


def prove(row: SignUp, code: str) -> None:
    """Take the code that was mailed.  Raises `CodeRefused` when it is wrong, too old, or was guessed at five times."""
    is_fresh = row.code_at is not None and row.code_at > clock.now() - CODE_LIFETIME
    typed = _digest(row, "".join(code.split()))
    if is_fresh and row.tries < CODE_TRIES and row.code_digest and passwords.same(row.code_digest, typed):
        row.proved_at = row.proved_at or clock.now()
        return
    # In a transaction of its own: the page that refuses the code keeps nothing else.
    with database.transaction() as aside:
        aside.execute(update(SignUp).where(SignUp.id == row.id).values(tries=SignUp.tries + 1))
    raise CodeRefused()


def verdict(slug: str) -> str:
    """Say what is wrong with an address, in the language spoken now; nothing when it can be had."""
    try:
        provisioning.check_slug(slug)
    except SlugUnfit as error:
        return str(error)
    return str(_TAKEN) if is_taken(slug) else ""


def is_taken(slug: str) -> bool:
    """Whether a tenant, whatever its state, has this name in addresses."""
    with database.transaction() as session:
        return session.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None


def furnish(session: Session, row: SignUp, wish: Wish) -> TenantFacts:
    """Return the workspace of this sign-up, made now unless it is there; `row` was found with `lock`.

    Raises `InvalidField` where something of `wish` cannot be.  A process killed on the way leaves what the next call goes on
    with, be it a half-built schema or a finished tenant that the row does not know of yet.
    """
    if row.tenant_id is not None:
        return made(row)
    company = _company(wish.company)
    try:
        facts = provisioning.create_tenant(
            wish.slug,
            name=company,
            locale=wish.locale,
            time_zone=wish.time_zone,
            template=wish.template,
            furnish=lambda inside: _move_in(inside, row, wish),
        )
    except SlugUnfit as error:
        raise InvalidField("sub", error.message, **error.facts) from error
    except SlugTaken as error:
        own = _own_after_all(session, row, wish.slug)
        if own is None:
            raise InvalidField("sub", _TAKEN) from error
        facts = own
    row.tenant_id = facts.id
    return facts


def made(row: SignUp) -> TenantFacts:
    """Return the workspace that a sign-up has come to, or raise `NotFound` when it is gone again."""
    facts = registry.by_id(row.tenant_id or 0)
    if facts is None:
        raise NotFound()
    return facts


def _company(text: str) -> str:
    name = " ".join(clean(text).split())
    if not name:
        raise InvalidField("company", _l("Enter the name of your company."))
    if len(name) > NAME_LENGTH:
        raise InvalidField("company", _l("A name has at most 120 characters."))
    return name


def _move_in(inside: Session, row: SignUp, wish: Wish) -> None:
    """Put the owner in, and let a worker put in what the trade begins with while they look around."""
    name = row.email.partition("@")[0]
    staff.add_first(inside, email=row.email, name=name, language=row.language, actor=SYSTEM)
    furnishing.promise(inside, template=wish.template, language=wish.locale, with_demo_data=wish.has_demo_data)


def _own_after_all(session: Session, row: SignUp, slug: str) -> TenantFacts | None:
    """Return the tenant called `slug` if a killed run of this very sign-up made it: no other's, and its owner's since then."""
    facts = registry.find(slug)
    if facts is None or session.scalar(select(SignUp.id).where(SignUp.tenant_id == facts.id)) is not None:
        return None
    with database.transaction(facts.stand) as inside:
        owner = staff.by_email(inside, row.email)
    is_ours = owner is not None and owner.role == Role.ADMIN and owner.created_at >= row.created_at
    return facts if is_ours else None


def link_to_desk(row: SignUp, path: str) -> str:
    """Return the address that signs the owner in at their desk, once and within minutes, and leads on to `path` there.

    Who has set a password since signs in with that, and with the second step if there is one.
    """
    facts = made(row)
    with database.transaction(facts.stand) as inside:
        owner = staff.by_email(inside, row.email)
        if owner is None or not owner.is_active:
            raise NotFound()
        if owner.password_hash is not None:
            return facts.url(f"/desk/signin?next={path}")
        token = support_access.link_for_member(inside, owner.id)
    return facts.url(f"/desk/enter/{token}?next={path}")
