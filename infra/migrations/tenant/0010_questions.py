"""Questions: what people looked for, what was decided about it, and which articles answered which tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

_TIME = sa.DateTime(timezone=True)
_ID = sa.text("nextval('ids')")


def upgrade() -> None:
    op.create_table(
        "question",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("phrase", sa.Text, nullable=False),
        sa.Column("typed", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("face", sa.Text, nullable=False),
        sa.Column("visitor", sa.Text, nullable=False),
        sa.Column("hits", sa.Integer, nullable=False),
        sa.Column("asked_at", _TIME, nullable=False),
        sa.Column("next_step", sa.Text, server_default="", nullable=False),
        sa.Column("article_id", sa.BigInteger),
        sa.Column("ticket_id", sa.BigInteger),
        sa.Column("wrote_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
    )
    op.create_index("ix_question_asked", "question", ["asked_at"])
    op.create_index("ix_question_visitor", "question", ["visitor", "asked_at"])
    _decisions()
    _answers()
    op.add_column("article_vote", sa.Column("handled_at", _TIME))
    op.add_column("category", sa.Column("is_faq", sa.Boolean))


def _decisions() -> None:
    op.create_table(
        "question_decision",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("phrase", sa.String(400), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("article_id", sa.BigInteger),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_question_decision"),
        sa.UniqueConstraint("phrase", name="uq_question_decision_phrase"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_question_decision_article_id_article"),
    )


def _answers() -> None:
    op.create_table(
        "ticket_answer",
        sa.Column("article_id", sa.BigInteger, nullable=False),
        sa.Column("ticket_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("article_id", "ticket_id", "kind", name="pk_ticket_answer"),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_ticket_answer_article_id_article"),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name="fk_ticket_answer_ticket_id_ticket"),
    )
    op.create_index("ix_ticket_answer_ticket", "ticket_answer", ["ticket_id"])


def downgrade() -> None:
    op.drop_column("category", "is_faq")
    op.drop_column("article_vote", "handled_at")
    for table in ("ticket_answer", "question_decision", "question"):
        op.drop_table(table)
