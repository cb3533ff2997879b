"""The bell rings for articles as well as for tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.add_column("bell_item", sa.Column("article_id", sa.BigInteger))
    op.alter_column("bell_item", "ticket_id", nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM bell_item WHERE ticket_id IS NULL")
    op.alter_column("bell_item", "ticket_id", nullable=False)
    op.drop_column("bell_item", "article_id")
