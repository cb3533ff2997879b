"""The shared schema: registry, operators, outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    _registry()
    _operators()
    _outbox()


def _registry() -> None:
    op.create_table(
        "tenant",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("schema_name", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("locale", sa.Text, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("brand_color", sa.Text, server_default="", nullable=False),
        sa.Column("phone", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenant"),
        sa.UniqueConstraint("slug", name="uq_tenant_slug"),
        sa.UniqueConstraint("schema_name", name="uq_tenant_schema_name"),
        schema="platform",
    )


def _operators() -> None:
    op.create_table(
        "operator",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator"),
        sa.UniqueConstraint("email", name="uq_operator_email"),
        schema="platform",
    )
    op.create_table(
        "operator_sign_in",
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("operator_id", sa.BigInteger, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("token_digest", name="pk_operator_sign_in"),
        schema="platform",
    )
    op.create_table(
        "operator_sign_in_try",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operator_sign_in_try"),
        schema="platform",
    )
    op.create_index("ix_operator_sign_in_try_key", "operator_sign_in_try", ["key", "at"], schema="platform")


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("tenant_id", sa.BigInteger),
        sa.Column("tenant_role", sa.Text, server_default=sa.text("CURRENT_USER"), nullable=False),
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("args", JSONB, nullable=False),
        sa.Column("request_id", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("ring_at", _TIME, nullable=False),
        sa.Column("attempts", sa.Integer, server_default="0", nullable=False),
        sa.Column("error", sa.Text, server_default="", nullable=False),
        sa.Column("done_at", _TIME),
        sa.Column("dead_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        schema="platform",
    )
    is_open = sa.text("done_at IS NULL AND dead_at IS NULL")
    op.create_index("ix_outbox_open", "outbox", ["ring_at"], schema="platform", postgresql_where=is_open)
    is_done = sa.text("done_at IS NOT NULL")
    op.create_index("ix_outbox_done", "outbox", ["done_at"], schema="platform", postgresql_where=is_done)
    op.execute("ALTER TABLE platform.outbox ENABLE ROW LEVEL SECURITY")
    op.execute("CREATE POLICY all_rows ON platform.outbox TO frontdesk_platform USING (true) WITH CHECK (true)")
    op.execute(
        "CREATE POLICY own_name ON platform.outbox FOR INSERT TO frontdesk_tenant WITH CHECK (tenant_role = CURRENT_USER)"
    )
    op.execute("GRANT INSERT ON platform.outbox TO frontdesk_tenant")


def downgrade() -> None:
    for table in ("outbox", "operator_sign_in_try", "operator_sign_in", "operator", "tenant"):
        op.drop_table(table, schema="platform")
