"""Mails caught instead of sent, in demo and test mode."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "captured_mail",
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("to_address", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("html", sa.Text, nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_captured_mail"),
        schema="platform",
    )
    op.create_index("ix_captured_mail_to", "captured_mail", ["to_address", "sent_at"], schema="platform")


def downgrade() -> None:
    op.drop_table("captured_mail", schema="platform")
