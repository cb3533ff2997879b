"""Access that a tenant grants to the platform's operators for a time, and which of them came in."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "access_pass",
        sa.Column("id", sa.BigInteger, server_default=sa.text("nextval('ids')"), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("granted_by", sa.BigInteger, nullable=False),
        sa.Column("granted_by_name", sa.String(120), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("until", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_access_pass"),
    )
    op.add_column("sign_in", sa.Column("operator_id", sa.BigInteger))
    op.add_column("sign_in", sa.Column("operator_name", sa.Text))


def downgrade() -> None:
    op.drop_column("sign_in", "operator_name")
    op.drop_column("sign_in", "operator_id")
    op.drop_table("access_pass")
