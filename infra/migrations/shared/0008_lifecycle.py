"""The platform's own trail, and what proves that a tenant was erased."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0008"
down_revision = "0007"

_TIME = sa.DateTime(timezone=True)
_EMPTY_OBJECT = sa.text("'{}'")


def upgrade() -> None:
    op.create_table(
        "tenant_event",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("tenant_id", sa.BigInteger),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", sa.BigInteger),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("data", JSONB, server_default=_EMPTY_OBJECT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tenant_event"),
        schema="platform",
    )
    op.create_index("ix_tenant_event_tenant", "tenant_event", ["tenant_id", "at"], schema="platform")
    op.create_index("ix_tenant_event_at", "tenant_event", ["at"], schema="platform")
    op.execute("REVOKE UPDATE, DELETE ON platform.tenant_event FROM frontdesk_platform")
    op.create_table(
        "deletion_certificate",
        sa.Column("tenant_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("schema_name", sa.Text, nullable=False),
        sa.Column("name_digest", sa.Text, nullable=False),
        sa.Column("begun_at", _TIME, nullable=False),
        sa.Column("finished_at", _TIME),
        sa.Column("removed", JSONB, server_default=_EMPTY_OBJECT, nullable=False),
        sa.Column("digest", sa.Text, server_default="", nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_deletion_certificate"),
        schema="platform",
    )
    op.execute("REVOKE DELETE ON platform.deletion_certificate FROM frontdesk_platform")


def downgrade() -> None:
    op.drop_table("deletion_certificate", schema="platform")
    op.drop_table("tenant_event", schema="platform")
