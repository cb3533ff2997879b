"""The registry of a chain: where a tenant lives, under which names, in which state, and a stamp that says "read again"."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0003"
down_revision = "0002"

_TIME = sa.DateTime(timezone=True)
_EMPTY_LIST, _EMPTY_OBJECT = sa.text("'{}'"), sa.text("'{}'")


def upgrade() -> None:
    _tenants()
    _host_names()
    op.create_table(
        "registry_stamp",
        sa.Column("version", sa.BigInteger, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_registry_stamp"),
        schema="platform",
    )
    op.execute("INSERT INTO platform.registry_stamp VALUES (1)")


def _tenants() -> None:
    # A spare schema has no name yet.
    op.alter_column("tenant", "slug", nullable=True, schema="platform")
    for column in (
        sa.Column("placement", sa.Text, server_default="main", nullable=False),
        sa.Column("region", sa.Text, server_default="", nullable=False),
        sa.Column("plan", sa.Text, server_default="trial", nullable=False),
        sa.Column("modules_off", ARRAY(sa.Text), server_default=_EMPTY_LIST, nullable=False),
        sa.Column("languages", ARRAY(sa.Text), server_default=sa.text("'{en,zh_Hans,zh_Hant}'"), nullable=False),
        sa.Column("branding", JSONB, server_default=_EMPTY_OBJECT, nullable=False),
        sa.Column("template", sa.Text, server_default="", nullable=False),
        sa.Column("has_demo_data", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("ring", sa.SmallInteger, server_default="2", nullable=False),
        sa.Column("migration_error", sa.Text, server_default="", nullable=False),
        sa.Column("state_reason", sa.Text, server_default="", nullable=False),
        sa.Column("state_at", _TIME),
        sa.Column("purge_at", _TIME),
        sa.Column("usage", JSONB, server_default=_EMPTY_OBJECT, nullable=False),
        sa.Column("usage_at", _TIME),
    ):
        op.add_column("tenant", column, schema="platform")
    op.create_index("ix_tenant_state", "tenant", ["state", "id"], schema="platform")


def _host_names() -> None:
    op.create_table(
        "host_name",
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("tenant_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("token", sa.Text, server_default="", nullable=False),
        sa.Column("is_primary", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("error", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("checked_at", _TIME),
        sa.Column("verified_at", _TIME),
        sa.PrimaryKeyConstraint("host", name="pk_host_name"),
        schema="platform",
    )
    op.create_index("ix_host_name_tenant", "host_name", ["tenant_id"], schema="platform")


def downgrade() -> None:
    op.drop_table("registry_stamp", schema="platform")
    op.drop_table("host_name", schema="platform")
    op.drop_index("ix_tenant_state", "tenant", schema="platform")
    for column in (
        *("placement", "region", "plan", "modules_off", "languages", "branding", "template", "has_demo_data", "ring"),
        *("migration_error", "state_reason", "state_at", "purge_at", "usage", "usage_at"),
    ):
        op.drop_column("tenant", column, schema="platform")
    op.alter_column("tenant", "slug", nullable=False, schema="platform")
