"""The article's dictionary: what an article is made of, and how lists and forms treat each part."""

from sqlalchemy import Text, func

from kernel.i18n import LANGUAGES, spoken
from kernel.i18n import lazy_text as _l
from kernel.records import Field, Kind, RecordType
from knowledge_base.articles.models import ARTICLE_STATUS_NAMES, Article

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
