"""The registry of tenants and the people who sign in: staff of a tenant, operators of the platform."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Index, Integer, SmallInteger, Text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.actors import Actor
from kernel.database import PlatformBase, TenantBase, tenant_id_column
from kernel.i18n import BY_CODE
from kernel.settings import HOME_PLACEMENT
from kernel.tenancy import Stand
from tenants.permissions import GRANTED, OPERATOR, Role


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


class StaffMember(TenantBase):
    """Somebody who works for the tenant."""

    __tablename__ = "staff_member"

    id: Mapped[int] = tenant_id_column()
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    sort_key: Mapped[str]
    title: Mapped[str] = mapped_column(server_default="")
    role: Mapped[str]
    language: Mapped[str]
    password_hash: Mapped[str | None]
    totp_secret: Mapped[str | None]
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    is_active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime]

    def as_actor(self) -> Actor:
        permissions = frozenset(map(str, GRANTED[Role(self.role)]))
        return Actor(kind="staff", id=self.id, name=self.name, permissions=permissions, language=BY_CODE[self.language])


class SignIn(TenantBase):
    """A browser in which a member of staff (`face` desk) or a customer (`face` portal) is signed in.

    The cookie holds the token, the row its digest: whoever reads the table cannot sign in with it.  A row of one face is
    never found for the other.  At the face `support` an operator of the platform is in (`operator_id`), and `person_id` is the
    access pass that lets them; at the face `door` is a link that lets in once.
    """

    __tablename__ = "sign_in"
    __table_args__ = (Index("ix_sign_in_person", "face", "person_id"),)

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


class SignInTry(TenantBase):
    """A failed try to sign in, kept for a quarter of an hour so that guessing becomes slow."""

    __tablename__ = "sign_in_try"
    __table_args__ = (Index("ix_sign_in_try_key", "key", "at"),)

    id: Mapped[int] = tenant_id_column()
    key: Mapped[str]
    at: Mapped[datetime]


class SignInCode(TenantBase):
    """A one-time code and link for an e-mail address: fifteen minutes, five tries, one use.

    The row is written when somebody asks; code and link are made when their mail is written, so that no table but that of
    the mails ever holds them.
    """

    __tablename__ = "sign_in_code"
    __table_args__ = (Index("ix_sign_in_code_email", "email", "created_at"),)

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
