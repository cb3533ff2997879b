"""What search keeps in the tenant's schema: the wording it has agreed on, and the index of the PostgreSQL engine."""

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import STAYS_HERE, TenantBase, tenant_id_column


class SearchWording(TenantBase):
    """The tenant's synonyms, at most one row: a group a line, its phrases separated by commas, as typed."""

    __tablename__ = "search_wording"

    id: Mapped[int] = tenant_id_column()
    synonyms: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    version: Mapped[int] = mapped_column(Integer)

    __mapper_args__ = {"version_id_col": version}


class SearchEntry(TenantBase):
    """One article as it is searched.  No foreign key: the index follows the articles, late and by itself.

    `tokens` are those that articles are drawn by, `texts` and `lengths` what they are ranked by, `title` is folded.
    """

    __tablename__ = "search_entry"
    __table_args__ = (
        Index("ix_search_entry_tokens", "tokens", postgresql_using="gin", postgresql_with={"fastupdate": "off"}),
        # It is made again wherever the articles are.
        {"info": STAYS_HERE},
    )

    article_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    revision: Mapped[int] = mapped_column(Integer)
    language: Mapped[str]
    audience: Mapped[list[str]] = mapped_column(ARRAY(Text))
    title: Mapped[str]
    texts: Mapped[list[str]] = mapped_column(ARRAY(Text))
    lengths: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    tokens: Mapped[str] = mapped_column(TSVECTOR)
    meaning: Mapped[bytes | None] = mapped_column(LargeBinary)


class SearchToken(TenantBase):
    """How many entries have a token; that of the kind `FORMAT_MARK` counts those written in a format."""

    __tablename__ = "search_token"
    __table_args__ = {"info": STAYS_HERE}

    token: Mapped[str] = mapped_column(String(201, collation="C"), primary_key=True)
    articles: Mapped[int] = mapped_column(Integer)
