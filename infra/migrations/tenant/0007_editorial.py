"""Editorial work: articles' versions, files and snippets; who may read an article, where it stands, and until when."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

revision = "0007"
down_revision = "0006"

_TIME = sa.DateTime(timezone=True)
_ID = sa.text("nextval('ids')")
_NEW = {
    "kind": sa.Text(),
    "visibility": sa.Text(),
    "groups": ARRAY(sa.Text),
    "position": sa.Integer(),
    "owner_id": sa.BigInteger(),
    "review_by": sa.Date(),
    "expires_at": _TIME,
    "next_status": sa.Text(),
    "live_number": sa.Integer(),
    "text_at": _TIME,
    "checked_at": _TIME,
    "file_ids": ARRAY(UUID(as_uuid=True)),
}
# Set apart from the columns, so that no table is rewritten; what was written before is filled in below.
_DEFAULTS = {"kind": "'answer'", "visibility": "'public'", "groups": "'{}'", "file_ids": "'{}'", "position": "0"}


def upgrade() -> None:
    for name, kind in _NEW.items():
        op.add_column("article", sa.Column(name, kind))
    for name, value in _DEFAULTS.items():
        op.execute(f"ALTER TABLE article ALTER COLUMN {name} SET DEFAULT {value}")
    op.execute(
        "UPDATE article SET kind = 'answer', visibility = 'public', groups = '{}', file_ids = '{}', position = 0, "
        "text_at = updated_at, live_number = CASE status WHEN 'published' THEN 1 END"
    )
    for name in _DEFAULTS:
        op.execute(f"ALTER TABLE article ALTER COLUMN {name} SET NOT NULL")
    op.create_index("ix_article_file_ids", "article", ["file_ids"], postgresql_using="gin")
    _versions()
    _files_and_snippets()


def _versions() -> None:
    op.create_table(
        "article_version",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("article_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("keywords", ARRAY(sa.Text), nullable=False),
        sa.Column("author_ids", ARRAY(sa.BigInteger), nullable=False),
        sa.Column("author_name", sa.Text, server_default="", nullable=False),
        sa.Column("reviewer_name", sa.Text, server_default="", nullable=False),
        sa.Column("note", sa.Text, server_default="", nullable=False),
        sa.Column("publish_at", _TIME),
        sa.Column("published_at", _TIME),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_article_version"),
        sa.UniqueConstraint("article_id", "number", name="uq_article_version_article_id"),
        sa.ForeignKeyConstraint(
            ["article_id"], ["article.id"], name="fk_article_version_article_id_article", ondelete="CASCADE"
        ),
    )
    op.execute(
        "INSERT INTO article_version (article_id, number, state, title, summary, body, keywords, author_ids, "
        "published_at, created_at, updated_at) SELECT id, 1, status, title, summary, body, keywords, "
        "CASE WHEN author_id IS NULL THEN '{}' ELSE ARRAY[author_id] END, published_at, created_at, updated_at FROM article"
    )


def _files_and_snippets() -> None:
    op.create_table(
        "article_file",
        sa.Column("file_id", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("file_id", name="pk_article_file"),
        sa.ForeignKeyConstraint(["file_id"], ["stored_file.id"], name="fk_article_file_file_id_stored_file"),
    )
    op.create_table(
        "snippet",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("texts", JSONB, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_snippet"),
        sa.UniqueConstraint("name", name="uq_snippet_name"),
    )


def downgrade() -> None:
    for table in ("snippet", "article_file", "article_version"):
        op.drop_table(table)
    op.drop_index("ix_article_file_ids", "article")
    for name in reversed(_NEW):
        op.drop_column("article", name)
