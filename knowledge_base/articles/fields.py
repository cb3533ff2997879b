"""The article's dictionary: what an article is made of, and how lists and forms treat each part."""

from datetime import date

from sqlalchemy import Text, func

from kernel.i18n import LANGUAGES, spoken
from kernel.i18n import lazy_text as _l
from kernel.records import Field, Kind, RecordType
from knowledge_base.articles.models import (
    ARTICLE_KIND_NAMES,
    ARTICLE_STATUS_NAMES,
    OPEN,
    VISIBILITY_NAMES,
    Article,
)

ARTICLE = RecordType(
    name="article",
    entity=Article,
    plural=_l("Articles"),
    title="title",
    search_column=Article.search_text,
    fields=(
        Field(
            name="title",
            label=_l("Title"),
            column=Article.title,
            # Folded, so that both scripts and all widths sort together; its beginning is enough to sort by.
            sort_by=func.left(Article.search_text, 60, type_=Text),
            max_length=200,
            is_required=True,
        ),
        Field(
            name="language",
            label=_l("Language"),
            kind=Kind.CHOICE,
            column=Article.language,
            sort_by=Article.language,
            choices={language.code: language.name for language in LANGUAGES},
            default=lambda: spoken().code,
            is_required=True,
        ),
        Field(
            name="category",
            label=_l("Category"),
            kind=Kind.REFERENCE,
            column=Article.category_id,
            sort_by=Article.category_id,
            read=lambda article: article.category.name_in(spoken()),
            is_required=True,
        ),
        Field(
            name="status",
            label=_l("Status"),
            kind=Kind.CHOICE,
            column=Article.status,
            sort_by=Article.status,
            choices={str(status): name for status, name in ARTICLE_STATUS_NAMES.items()},
        ),
        Field(
            name="next_status",
            label=_l("Next version"),
            kind=Kind.CHOICE,
            column=Article.next_status,
            sort_by=func.coalesce(Article.next_status, ""),
            choices={str(status): ARTICLE_STATUS_NAMES[status] for status in OPEN},
        ),
        Field(
            name="kind",
            label=_l("Kind"),
            kind=Kind.CHOICE,
            column=Article.kind,
            sort_by=Article.kind,
            choices={str(kind): name for kind, name in ARTICLE_KIND_NAMES.items()},
        ),
        Field(
            name="visibility",
            label=_l("Open to"),
            kind=Kind.CHOICE,
            column=Article.visibility,
            sort_by=Article.visibility,
            choices={str(visibility): name for visibility, name in VISIBILITY_NAMES.items()},
        ),
        Field(
            name="groups",
            label=_l("Groups"),
            kind=Kind.TAGS,
            column=Article.groups,
            hint=_l("Tags of the customers who may read it, separated by commas"),
        ),
        Field(
            name="owner",
            label=_l("Owner"),
            kind=Kind.REFERENCE,
            column=Article.owner_id,
            read=lambda article: article.owner.name if article.owner else None,
            nothing=_l("Nobody"),
            hint=_l("Who keeps it true"),
        ),
        Field(
            name="review_by",
            label=_l("Review by"),
            kind=Kind.DATE,
            column=Article.review_by,
            sort_by=func.coalesce(Article.review_by, date.max),
            hint=_l("When somebody should read it again"),
        ),
        Field(
            name="expires_at",
            label=_l("Take down on"),
            kind=Kind.MOMENT,
            column=Article.expires_at,
            hint=_l("From this moment on it is archived; empty means never"),
        ),
        Field(
            name="summary",
            label=_l("Summary"),
            kind=Kind.LONG_TEXT,
            column=Article.summary,
            max_length=300,
            hint=_l("One or two sentences for lists and search results"),
        ),
        Field(
            name="keywords",
            label=_l("Keywords"),
            kind=Kind.TAGS,
            column=Article.keywords,
            hint=_l("Other words that readers search for, separated by commas"),
        ),
        Field(
            name="asked_as",
            label=_l("Also asked as"),
            kind=Kind.LONG_TEXT,
            column=func.array_to_string(Article.asked_as, "\n"),
            read=lambda article: "\n".join(article.asked_as or ()),
            max_length=20_000,
            hint=_l("How people ask for this in their own words, one phrase a line"),
        ),
        Field(
            name="body",
            label=_l("Text"),
            kind=Kind.LONG_TEXT,
            column=Article.body_text,
            max_length=200_000,
            is_required=True,
            is_exported=False,
        ),
        Field(
            name="helpful_count",
            label=_l("Helpful"),
            kind=Kind.NUMBER,
            column=Article.helpful_count,
            sort_by=Article.helpful_count,
        ),
        Field(
            name="unhelpful_count",
            label=_l("Not helpful"),
            kind=Kind.NUMBER,
            column=Article.unhelpful_count,
            sort_by=Article.unhelpful_count,
        ),
        Field(name="updated_at", label=_l("Updated"), kind=Kind.MOMENT, column=Article.updated_at, sort_by=Article.updated_at),
    ),
)
