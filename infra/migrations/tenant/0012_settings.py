"""Roles of the tenant's own, links that let staff in, where an event came from, and the chain that seals the audit trail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, UUID

revision = "0012"
down_revision = "0011"

_TIME = sa.DateTime(timezone=True)
_ID = sa.text("nextval('ids')")


def upgrade() -> None:
    _staff()
    _audit_trail()


def _staff() -> None:
    op.add_column("staff_member", sa.Column("owner_since", _TIME))
    op.create_table(
        "staff_role",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("permissions", ARRAY(sa.Text), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff_role"),
        sa.UniqueConstraint("name", name="uq_staff_role_name"),
    )
    op.create_table(
        "staff_link",
        sa.Column("id", sa.BigInteger, server_default=_ID, nullable=False),
        sa.Column("staff_id", sa.BigInteger, nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.PrimaryKeyConstraint("id", name="pk_staff_link"),
        sa.UniqueConstraint("digest", name="uq_staff_link_digest"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff_member.id"], name="fk_staff_link_staff_id_staff_member"),
    )


def _audit_trail() -> None:
    # Lines from before this revision have no address; the seal reads them as if it were empty.
    op.add_column("event", sa.Column("address", sa.Text))
    # Bounded texts, so that the table needs no second one for long values.
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("event_id", UUID(as_uuid=True), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("sealed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_seal"),
        sa.UniqueConstraint("event_id", name="uq_audit_seal_event_id"),
    )


def downgrade() -> None:
    op.drop_table("audit_seal")
    op.drop_column("event", "address")
    op.drop_table("staff_link")
    op.drop_table("staff_role")
    op.drop_column("staff_member", "owner_since")
