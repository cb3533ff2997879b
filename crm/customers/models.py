"""The customer record."""

from datetime import datetime

from sqlalchemy import Index, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from kernel.actors import Actor
from kernel.database import TenantBase, tenant_id_column
from kernel.i18n import BY_CODE
from tenants.permissions import CUSTOMER


class Customer(TenantBase):
    """A person or organisation that is served.

    `email` is lower case and unique where given; it is what a sign-in proves, and what joins a guest's requests to the account
    made later.  `sort_key` and `search_text` follow from the other columns (`kernel.text`).
    """

    __tablename__ = "customer"
    __table_args__ = (
        Index(
            "ix_customer_search_text",
            "search_text",
            postgresql_using="gin",
            postgresql_ops={"search_text": "gin_trgm_ops"},
        ),
        Index("ix_customer_sort_key", "sort_key", "id"),
    )

    id: Mapped[int] = tenant_id_column()
    email: Mapped[str | None] = mapped_column(unique=True)
    name: Mapped[str]
    phone: Mapped[str] = mapped_column(server_default="")
    organisation: Mapped[str] = mapped_column(server_default="")
    language: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    notes: Mapped[str] = mapped_column(server_default="")
    sort_key: Mapped[str]
    search_text: Mapped[str]
    password_hash: Mapped[str | None]
    verified_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}

    def as_actor(self) -> Actor:
        """Return the customer as somebody who acts; each of the tags is a group."""
        who = {"id": self.id, "name": self.name, "language": BY_CODE[self.language]}
        return Actor(kind="customer", permissions=CUSTOMER, groups=frozenset(self.tags), **who)  # type: ignore[arg-type]
