"""Where each tenant's audit chain ends, kept outside the tenant's schema so that a chain cut short is found."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "audit_anchor",
        sa.Column("tenant_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", name="pk_audit_anchor"),
        schema="platform",
    )


def downgrade() -> None:
    op.drop_table("audit_anchor", schema="platform")
