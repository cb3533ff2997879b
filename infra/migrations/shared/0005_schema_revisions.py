"""Each database's own list of the tenants' schemas in it: how far each has come, and which backfills it has behind it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "schema_revision",
        sa.Column("schema_name", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("recipe", sa.Text, server_default="", nullable=False),
        sa.Column("position", sa.Integer, server_default="0", nullable=False),
        sa.Column("is_taken", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("drift", sa.Text, server_default="", nullable=False),
        sa.Column("checked_at", _TIME),
        sa.PrimaryKeyConstraint("schema_name", name="pk_schema_revision"),
        schema="platform",
    )
    op.execute(
        "INSERT INTO platform.schema_revision (schema_name, revision, is_taken)"
        " SELECT schema_name, revision, true FROM platform.tenant WHERE state <> 'purged'"
    )
    op.create_table(
        "backfill",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("schema_name", sa.Text, nullable=False),
        sa.Column("position", sa.Text, server_default="", nullable=False),
        sa.Column("rows", sa.BigInteger, server_default="0", nullable=False),
        sa.Column("error", sa.Text, server_default="", nullable=False),
        sa.Column("done_at", _TIME),
        sa.PrimaryKeyConstraint("name", "schema_name", name="pk_backfill"),
        schema="platform",
    )


def downgrade() -> None:
    op.drop_table("backfill", schema="platform")
    op.drop_table("schema_revision", schema="platform")
