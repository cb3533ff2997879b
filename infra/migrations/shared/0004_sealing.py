"""The key of each tenant, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "sealing_key",
        sa.Column("schema_name", sa.Text, nullable=False),
        sa.Column("wrapped", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("schema_name", name="pk_sealing_key"),
        schema="platform",
    )


def downgrade() -> None:
    op.drop_table("sealing_key", schema="platform")
