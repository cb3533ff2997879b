"""Search: where articles came from, what they are also asked as, the tenant's synonyms, and the index kept in PostgreSQL."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("article", sa.Column("external_id", sa.Text))
    op.add_column("article", sa.Column("asked_as", ARRAY(sa.Text)))
    op.alter_column("article", "asked_as", server_default="{}")
    op.create_unique_constraint("uq_article_external_id", "article", ["external_id", "language"])
    op.create_table(
        "search_wording",
        sa.Column("id", sa.BigInteger, server_default=sa.text("nextval('ids')"), nullable=False),
        sa.Column("synonyms", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_search_wording"),
    )
    _index()


def _index() -> None:
    op.create_table(
        "search_entry",
        sa.Column("article_id", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("audience", ARRAY(sa.Text), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("texts", ARRAY(sa.Text), nullable=False),
        sa.Column("lengths", ARRAY(sa.Integer), nullable=False),
        sa.Column("tokens", TSVECTOR, nullable=False),
        sa.Column("meaning", sa.LargeBinary),
        sa.PrimaryKeyConstraint("article_id", name="pk_search_entry"),
    )
    # Without a list of pending entries, which every look-up would have to read through.
    at_once = {"fastupdate": "off"}
    op.create_index("ix_search_entry_tokens", "search_entry", ["tokens"], postgresql_using="gin", postgresql_with=at_once)
    op.create_table(
        "search_token",
        sa.Column("token", sa.String(201, collation="C"), nullable=False),
        sa.Column("articles", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("token", name="pk_search_token"),
    )


def downgrade() -> None:
    for table in ("search_token", "search_entry", "search_wording"):
        op.drop_table(table)
    op.drop_constraint("uq_article_external_id", "article")
    op.drop_column("article", "asked_as")
    op.drop_column("article", "external_id")
