"""The registry of tenants and the people who sign in: staff of a tenant, operators of the platform."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, Integer, SmallInteger, String, Text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from kernel.actors import Actor
from kernel.database import STAYS_HERE, PlatformBase, TenantBase, tenant_id_column
from kernel.i18n import BY_CODE
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import Stand
from tenants.permissions import GRANTABLE, GRANTED, OPERATOR, OWN, Role


class State(StrEnum):
    """A tenant's life: its schema is built, kept as a spare, rented out, perhaps suspended, given notice, and purged."""

    BUILDING = "building"
    SPARE = "spare"
    LIVE = "live"
    SUSPENDED = "suspended"
    CLOSING = "closing"
    PURGED = "purged"


class Tenant(PlatformBase):
    """A company that rents a schema.  `schema_name` is opaque and never changes; `slug` is its name in addresses and may.

    `placement` names the database it lives in.  A spare has neither slug nor name.  `modules_off` are the parts of the product
    it does not show, `languages` those its portal offers, `branding` what its pages look like (logo, layout, links), `usage`
    figures counted now and then (`usage_at`).  `purge_at` is when a closing tenant is erased.
    """

    __tablename__ = "tenant"
    __table_args__ = (Index("ix_tenant_state", "state", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    slug: Mapped[str | None] = mapped_column(unique=True)
    schema_name: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    state: Mapped[str]
    revision: Mapped[str]
    locale: Mapped[str]
    time_zone: Mapped[str]
    brand_color: Mapped[str] = mapped_column(server_default="")
    phone: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    placement: Mapped[str] = mapped_column(server_default=HOME_PLACEMENT)
    region: Mapped[str] = mapped_column(server_default="")
    plan: Mapped[str] = mapped_column(server_default="trial")
    modules_off: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{en,zh_Hans,zh_Hant}")
    branding: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    template: Mapped[str] = mapped_column(server_default="")
    has_demo_data: Mapped[bool] = mapped_column(server_default="false")
    ring: Mapped[int] = mapped_column(SmallInteger, server_default="2")
    migration_error: Mapped[str] = mapped_column(server_default="")
    state_reason: Mapped[str] = mapped_column(server_default="")
    state_at: Mapped[datetime | None]
    purge_at: Mapped[datetime | None]
    usage: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    usage_at: Mapped[datetime | None]

    @property
    def stand(self) -> Stand:
        return Stand(self.schema_name, f"r_{self.schema_name}", self.id, self.placement)


class HostName(PlatformBase):
    """A further name of a tenant, without port: a domain of its own (`kind` custom) or an address it had before (former).

    A custom domain counts once its DNS record was seen to hold `token` (`state` verified; pending, failing).  All other names
    lead to the primary one.
    """

    __tablename__ = "host_name"
    __table_args__ = (Index("ix_host_name_tenant", "tenant_id"),)

    host: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str]
    state: Mapped[str]
    token: Mapped[str] = mapped_column(server_default="")
    is_primary: Mapped[bool] = mapped_column(server_default="false")
    error: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    checked_at: Mapped[datetime | None]
    verified_at: Mapped[datetime | None]


class RegistryStamp(PlatformBase):
    """One row, whose number moves with every change of the registry, so that processes know when to read it again."""

    __tablename__ = "registry_stamp"

    version: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class SchemaRevision(PlatformBase):
    """How far one schema of this database has come; the registry, which may be in another, copies it.

    While the schema is built `revision` is empty, `recipe` names the list of statements and `position` says how many of them
    are done.  `is_taken` is set in the transaction that furnishes it for a tenant.  `drift` is where it differs from a new one.
    """

    __tablename__ = "schema_revision"

    schema_name: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[str]
    recipe: Mapped[str] = mapped_column(server_default="")
    position: Mapped[int] = mapped_column(Integer, server_default="0")
    is_taken: Mapped[bool] = mapped_column(server_default="false")
    drift: Mapped[str] = mapped_column(server_default="")
    checked_at: Mapped[datetime | None]


class Backfill(PlatformBase):
    """How far a backfill has come in one schema of this database; `position` is the backfill's own bookmark."""

    __tablename__ = "backfill"

    name: Mapped[str] = mapped_column(primary_key=True)
    schema_name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[str] = mapped_column(server_default="")
    rows: Mapped[int] = mapped_column(BigInteger, server_default="0")
    error: Mapped[str] = mapped_column(server_default="")
    done_at: Mapped[datetime | None]


class Operator(PlatformBase):
    """Somebody who runs the platform."""

    __tablename__ = "operator"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str]
    language: Mapped[str]
    created_at: Mapped[datetime]

    def as_actor(self) -> Actor:
        return Actor(kind="operator", id=self.id, name=self.name, permissions=OPERATOR, language=BY_CODE[self.language])


class OperatorSignIn(PlatformBase):
    """A browser in which an operator is signed in; the token itself is only in its cookie."""

    __tablename__ = "operator_sign_in"

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    operator_id: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class StaffRole(TenantBase):
    """A role that the tenant made for itself; `staff_member.role` names it by its id, the built-in ones by their word."""

    __tablename__ = "staff_role"

    id: Mapped[int] = tenant_id_column()
    name: Mapped[str] = mapped_column(unique=True)
    permissions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}

    @property
    def key(self) -> str:
        return str(self.id)


class StaffMember(TenantBase):
    """Somebody who works for the tenant.  Who was invited and has not come yet has no password."""

    __tablename__ = "staff_member"

    id: Mapped[int] = tenant_id_column()
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    sort_key: Mapped[str]
    title: Mapped[str] = mapped_column(server_default="")
    role: Mapped[str]
    language: Mapped[str]
    password_hash: Mapped[str | None]
    totp_secret: Mapped[str | None] = mapped_column(info=STAYS_HERE)
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger, info=STAYS_HERE)
    is_active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime]
    owner_since: Mapped[datetime | None]
    own_role: Mapped[StaffRole | None] = relationship(
        primaryjoin=lambda: foreign(StaffMember.role) == StaffRole.id.cast(Text), viewonly=True, lazy="joined"
    )

    @property
    def permissions(self) -> frozenset[str]:
        """What the member may do: by a built-in role, or by one of the tenant's own, which cannot hold what is nobody's."""
        if self.role in GRANTED:
            return frozenset(map(str, GRANTED[Role(self.role)]))
        granted = frozenset(self.own_role.permissions) if self.own_role else frozenset()
        return granted & GRANTABLE | OWN

    def as_actor(self) -> Actor:
        return Actor(kind="staff", id=self.id, name=self.name, permissions=self.permissions, language=BY_CODE[self.language])


class StaffLink(TenantBase):
    """A link in a mail that lets a member of staff set a password: an invitation, or after they forgot theirs.

    It works once, until `expires_at`.  The row is written when the mail is asked for; the token is made when the mail is, so
    that no table but that of the mails ever holds it.
    """

    __tablename__ = "staff_link"
    __table_args__ = {"info": STAYS_HERE}

    id: Mapped[int] = tenant_id_column()
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff_member.id"))
    purpose: Mapped[str] = mapped_column(String(20))
    digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class AuditSeal(TenantBase):
    """A link of the chain that seals the audit trail: the digest covers the event, its number and the link before."""

    __tablename__ = "audit_seal"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[uuid.UUID] = mapped_column(UUID(as_uuid=True), unique=True)
    digest: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime]


class AuditAnchor(PlatformBase):
    """Where a tenant's audit chain ended when it was last sealed."""

    __tablename__ = "audit_anchor"

    tenant_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class SignIn(TenantBase):
    """A browser in which a member of staff (`face` desk) or a customer (`face` portal) is signed in.

    The cookie holds the token, the row its digest: whoever reads the table cannot sign in with it.  A row of one face is
    never found for the other.  At the face `support` an operator of the platform is in (`operator_id`), and `person_id` is the
    access pass that lets them; at the face `door` is a link that lets in once.
    """

    __tablename__ = "sign_in"
    __table_args__ = (Index("ix_sign_in_person", "face", "person_id"), {"info": STAYS_HERE})

    token_digest: Mapped[str] = mapped_column(primary_key=True)
    face: Mapped[str]
    person_id: Mapped[int] = mapped_column(BigInteger)
    agent: Mapped[str] = mapped_column(server_default="")
    address: Mapped[str] = mapped_column(server_default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    operator_id: Mapped[int | None] = mapped_column(BigInteger)
    operator_name: Mapped[str | None]
    # Means something at the desk alone.
    member: Mapped[StaffMember | None] = relationship(
        primaryjoin=lambda: foreign(SignIn.person_id) == StaffMember.id, viewonly=True, lazy="raise"
    )


class SignInTry(TenantBase):
    """A failed try to sign in, kept for a quarter of an hour so that guessing becomes slow."""

    __tablename__ = "sign_in_try"
    __table_args__ = (Index("ix_sign_in_try_key", "key", "at"), {"info": STAYS_HERE})

    id: Mapped[int] = tenant_id_column()
    key: Mapped[str]
    at: Mapped[datetime]


class SignInCode(TenantBase):
    """A one-time code and link for an e-mail address: fifteen minutes, five tries, one use.

    The row is written when somebody asks; code and link are made when their mail is written, so that no table but that of
    the mails ever holds them.
    """

    __tablename__ = "sign_in_code"
    __table_args__ = (Index("ix_sign_in_code_email", "email", "created_at"), {"info": STAYS_HERE})

    id: Mapped[int] = tenant_id_column()
    email: Mapped[str]
    language: Mapped[str]
    return_to: Mapped[str] = mapped_column(server_default="")
    code_digest: Mapped[str | None]
    link_digest: Mapped[str | None] = mapped_column(unique=True)
    tries: Mapped[int] = mapped_column(Integer, server_default="0")
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class OperatorSignInTry(PlatformBase):
    """A failed try to sign in as an operator."""

    __tablename__ = "operator_sign_in_try"
    __table_args__ = (Index("ix_operator_sign_in_try_key", "key", "at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    key: Mapped[str]
    at: Mapped[datetime]
