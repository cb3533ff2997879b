"""Customers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0002"
down_revision = "0001"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "customer",
        sa.Column("id", sa.BigInteger, server_default=sa.text("nextval('ids')"), nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("phone", sa.Text, server_default="", nullable=False),
        sa.Column("organisation", sa.Text, server_default="", nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("tags", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("notes", sa.Text, server_default="", nullable=False),
        sa.Column("sort_key", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("verified_at", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customer"),
        sa.UniqueConstraint("email", name="uq_customer_email"),
    )
    op.create_index("ix_customer_sort_key", "customer", ["sort_key", "id"])
    ops = {"search_text": "gin_trgm_ops"}
    op.create_index("ix_customer_search_text", "customer", ["search_text"], postgresql_using="gin", postgresql_ops=ops)


def downgrade() -> None:
    op.drop_table("customer")
