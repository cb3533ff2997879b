"""Saved views of lists."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "saved_view",
        sa.Column("id", sa.BigInteger, server_default=sa.text("nextval('ids')"), nullable=False),
        sa.Column("record_type", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("staff_id", sa.BigInteger),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_view"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name="fk_saved_view_staff_id_staff_member"),
    )
    op.create_index("ix_saved_view_record_type", "saved_view", ["record_type", "position"])


def downgrade() -> None:
    op.drop_table("saved_view")
