"""Who is signing up, which tenant asked the vendor for help, and what was given up at a glance."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

revision = "0006"
down_revision = "0005"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _sign_up()
    _help_request()
    is_dead = sa.text("dead_at IS NOT NULL")
    op.create_index("ix_outbox_dead", "outbox", ["dead_at"], schema="platform", postgresql_where=is_dead)


def _sign_up() -> None:
    op.create_table(
        "sign_up",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("code_digest", sa.Text),
        sa.Column("code_at", _TIME),
        sa.Column("tries", sa.Integer, server_default="0", nullable=False),
        sa.Column("mails", sa.Integer, server_default="1", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("proved_at", _TIME),
        sa.Column("tenant_id", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_sign_up"),
        sa.UniqueConstraint("tenant_id", name="uq_sign_up_tenant_id"),
        schema="platform",
    )
    op.create_index("ix_sign_up_email", "sign_up", ["email", "created_at"], schema="platform")
    op.create_index("ix_sign_up_address", "sign_up", ["address", "created_at"], schema="platform")


def _help_request() -> None:
    op.create_table(
        "help_request",
        sa.Column("public_id", UUID(as_uuid=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger, nullable=False),
        sa.Column("ticket_number", sa.BigInteger, nullable=False),
        sa.Column("staff_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("public_id", name="pk_help_request"),
        schema="platform",
    )
    op.create_index("ix_help_request_tenant", "help_request", ["tenant_id", "created_at"], schema="platform")


def downgrade() -> None:
    op.drop_index("ix_outbox_dead", "outbox", schema="platform")
    for table in ("help_request", "sign_up"):
        op.drop_table(table, schema="platform")
