"""Tickets, their messages and attachments."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision = "0003"
down_revision = "0002"

_TIME = sa.DateTime(timezone=True)
_ID = sa.text("nextval('ids')")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE ticket_numbers AS bigint START 1")
    _tickets()
    _messages()


def _tickets() -> None:
    op.create_table(
        "ticket",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("number", sa.BigInteger, server_default=sa.text("nextval('ticket_numbers')"), nullable=False),
        sa.Column("public_id", UUID(as_uuid=True), nullable=False),
        sa.Column("form_key", sa.Text),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("priority", sa.SmallInteger, nullable=False),
        sa.Column("tags", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("customer_id", sa.BigInteger, nullable=False),
        sa.Column("assignee_id", sa.BigInteger),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("first_replied_at", _TIME),
        sa.Column("solved_at", _TIME),
        sa.Column("rating", sa.SmallInteger),
        sa.Column("rating_comment", sa.Text, server_default="", nullable=False),
        sa.Column("rated_at", _TIME),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ticket"),
        sa.UniqueConstraint("number", name="uq_ticket_number"),
        sa.UniqueConstraint("public_id", name="uq_ticket_public_id"),
        sa.UniqueConstraint("form_key", name="uq_ticket_form_key"),
        sa.ForeignKeyConstraint(["customer_id"], ["customer.id"], name="fk_ticket_customer_id_customer"),
        sa.ForeignKeyConstraint(["assignee_id"], ["staff_member.id"], name="fk_ticket_assignee_id_staff_member"),
    )
    op.create_index("ix_ticket_customer", "ticket", ["customer_id", "updated_at"])
    op.create_index("ix_ticket_assignee", "ticket", ["assignee_id", "updated_at"])
    op.create_index("ix_ticket_updated", "ticket", ["updated_at", "id"])
    ops = {"search_text": "gin_trgm_ops"}
    op.create_index("ix_ticket_search_text", "ticket", ["search_text"], postgresql_using="gin", postgresql_ops=ops)


def _messages() -> None:
    op.create_table(
        "ticket_message",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("ticket_id", sa.BigInteger, nullable=False),
        sa.Column("form_key", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("author_id", sa.BigInteger),
        sa.Column("author_name", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_message"),
        sa.UniqueConstraint("form_key", name="uq_ticket_message_form_key"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_message_ticket_id_ticket"),
    )
    op.create_index("ix_ticket_message_ticket", "ticket_message", ["ticket_id", "id"])
    op.create_index(
        "ix_ticket_message_search_text",
        "ticket_message",
        ["search_text"],
        postgresql_using="gin",
        postgresql_ops={"search_text": "gin_trgm_ops"},
    )
    op.create_table(
        "ticket_attachment",
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("file_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("message_id", "file_id", name="pk_ticket_attachment"),
        sa.ForeignKeyConstraint(["message_id"], ["ticket_message.id"], name="fk_ticket_attachment_message_id_ticket_message"),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name="fk_ticket_attachment_file_id_stored_file"),
    )
    op.create_index("ix_ticket_attachment_file", "ticket_attachment", ["file_id"])


def downgrade() -> None:
    for table in ("ticket_attachment", "ticket_message", "ticket"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE ticket_numbers")
