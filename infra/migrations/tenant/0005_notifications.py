"""Mails and the staff's bell."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0005"
down_revision = "0004"

_TIME = sa.DateTime(timezone=True)
_ID = sa.text("nextval('ids')")


def upgrade() -> None:
    op.create_table(
        "mail",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("event_id", UUID(as_uuid=True), nullable=False),
        sa.Column("to_address", sa.Text, nullable=False),
        sa.Column("to_name", sa.Text, nullable=False),
        sa.Column("letter", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("sent_at", _TIME),
        sa.Column("refused", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_mail"),
        sa.UniqueConstraint("event_id", "to_address", name="uq_mail_event_id"),
    )
    op.create_table(
        "bell_item",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("staff_id", sa.BigInteger, nullable=False),
        sa.Column("event_id", UUID(as_uuid=True), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("ticket_id", sa.BigInteger, nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("read_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_bell_item"),
        sa.UniqueConstraint("event_id", "staff_id", name="uq_bell_item_event_id"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name="fk_bell_item_staff_id_staff_member"),
    )
    op.create_index("ix_bell_item_staff", "bell_item", ["staff_id", "at"])


def downgrade() -> None:
    op.drop_table("bell_item")
    op.drop_table("mail")
