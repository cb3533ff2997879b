"""The help centre: categories, articles, votes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004"
down_revision = "0003"

_TIME = sa.DateTime(timezone=True)
_ID = sa.text("nextval('ids')")


def upgrade() -> None:
    op.create_table(
        "category",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("parent_id", sa.BigInteger),
        sa.Column("names", JSONB, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_category"),
        sa.ForeignKeyConstraint(["parent_id"], ["category.id"], name="fk_category_parent_id_category"),
    )
    op.create_index("ix_category_parent", "category", ["parent_id", "position"])
    _articles()
    _votes()


def _articles() -> None:
    op.create_table(
        "article",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("translation_key", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("category_id", sa.BigInteger, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, server_default="", nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("body_html", sa.Text, nullable=False),
        sa.Column("body_text", sa.Text, nullable=False),
        sa.Column("headings", JSONB, nullable=False),
        sa.Column("keywords", ARRAY(sa.Text), server_default="{}", nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("search_text", sa.Text, nullable=False),
        sa.Column("author_id", sa.BigInteger),
        sa.Column("helpful_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("unhelpful_count", sa.Integer, server_default="0", nullable=False),
        sa.Column("published_at", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_article"),
        sa.UniqueConstraint("translation_key", "language", name="uq_article_translation_key"),
        sa.ForeignKeyConstraint(["category_id"], ["category.id"], name="fk_article_category_id_category"),
    )
    op.create_index("ix_article_category", "article", ["category_id", "language"])
    op.create_index("ix_article_updated", "article", ["updated_at", "id"])
    ops = {"search_text": "gin_trgm_ops"}
    op.create_index("ix_article_search_text", "article", ["search_text"], postgresql_using="gin", postgresql_ops=ops)


def _votes() -> None:
    op.create_table(
        "article_vote",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("article_id", sa.BigInteger, nullable=False),
        sa.Column("visitor", sa.Text, nullable=False),
        sa.Column("is_helpful", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text, server_default="", nullable=False),
        sa.Column("comment", sa.Text, server_default="", nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_article_vote"),
        sa.UniqueConstraint("article_id", "visitor", name="uq_article_vote_visitor"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_vote_article_id_article"),
    )


def downgrade() -> None:
    for table in ("article_vote", "article", "category"):
        op.drop_table(table)
