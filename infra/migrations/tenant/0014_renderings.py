"""How often a snippet put new words into an article, so that a repair of the search index sees what nobody told."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("article", sa.Column("renderings", sa.Integer))
    op.alter_column("article", "renderings", server_default="0")


def downgrade() -> None:
    op.drop_column("article", "renderings")
