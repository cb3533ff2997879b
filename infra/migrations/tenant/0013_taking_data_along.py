"""Exports that a tenant asked for, and which of its rows came as demo data."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0013"
down_revision = "0012"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "data_export",
        sa.Column("id", sa.BigInteger, server_default=sa.text("nextval('ids')"), nullable=False),
        sa.Column("key", UUID(as_uuid=True), nullable=False),
        sa.Column("asked_by", sa.BigInteger, nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("done", sa.Integer, server_default="0", nullable=False),
        sa.Column("total", sa.Integer, server_default="0", nullable=False),
        sa.Column("ready_at", _TIME),
        sa.Column("expires_at", _TIME),
        sa.Column("size", sa.BigInteger),
        sa.Column("sha256", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_data_export"),
    )
    op.create_table(
        "demo_row",
        sa.Column("table_name", sa.String(63), nullable=False),
        sa.Column("row_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("table_name", "row_id", name="pk_demo_row"),
    )


def downgrade() -> None:
    op.drop_table("demo_row")
    op.drop_table("data_export")
