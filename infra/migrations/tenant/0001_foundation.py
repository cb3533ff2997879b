"""What every tenant stands on: the one id sequence, the audit trail, staff, sign-ins, files."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)
_ID = sa.text("nextval('ids')")


def upgrade() -> None:
    op.execute("CREATE SEQUENCE ids AS bigint START 1001")
    _audit_trail()
    _staff()
    _sign_ins()
    _files()


def _audit_trail() -> None:
    op.create_table(
        "event",
        sa.Column("id", UUID(as_uuid=True), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("subject_type", sa.Text, nullable=False),
        sa.Column("subject_id", sa.BigInteger, nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", sa.BigInteger),
        sa.Column("actor_name", sa.Text, nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event"),
    )
    op.create_index("ix_event_subject", "event", ["subject_type", "subject_id", "at"])
    op.create_index("ix_event_at", "event", ["at"])


def _staff() -> None:
    op.create_table(
        "staff_member",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sort_key", sa.Text, nullable=False),
        sa.Column("title", sa.Text, server_default="", nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("totp_secret", sa.Text),
        sa.Column("totp_last_step", sa.BigInteger),
        sa.Column("is_active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff_member"),
        sa.UniqueConstraint("email", name="uq_staff_member_email"),
    )


def _sign_ins() -> None:
    op.create_table(
        "sign_in",
        sa.Column("token_digest", sa.Text, nullable=False),
        sa.Column("face", sa.Text, nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("agent", sa.Text, server_default="", nullable=False),
        sa.Column("address", sa.Text, server_default="", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("seen_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("token_digest", name="pk_sign_in"),
    )
    op.create_index("ix_sign_in_person", "sign_in", ["face", "person_id"])
    op.create_table(
        "sign_in_try",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_try"),
    )
    op.create_index("ix_sign_in_try_key", "sign_in_try", ["key", "at"])
    op.create_table(
        "sign_in_code",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("return_to", sa.Text, server_default="", nullable=False),
        sa.Column("code_digest", sa.Text),
        sa.Column("link_digest", sa.Text),
        sa.Column("tries", sa.Integer, server_default="0", nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("used_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_code"),
        sa.UniqueConstraint("link_digest", name="uq_sign_in_code_link_digest"),
    )
    op.create_index("ix_sign_in_code_email", "sign_in_code", ["email", "created_at"])


def _files() -> None:
    op.create_table(
        "stored_file",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("public_id", UUID(as_uuid=True), nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("media_type", sa.Text, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("thumbnail_sha256", sa.Text),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stored_file"),
        sa.UniqueConstraint("public_id", name="uq_stored_file_public_id"),
    )


def downgrade() -> None:
    for table in ("stored_file", "sign_in_code", "sign_in_try", "sign_in", "staff_member", "event"):
        op.drop_table(table)
    op.execute("DROP SEQUENCE ids")
