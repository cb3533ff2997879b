"""The dictionaries of what is listed and exported: phrases of a report, and what readers say against articles."""

from sqlalchemy import func

from kernel.i18n import LANGUAGES
from kernel.i18n import lazy_text as _l
from kernel.records import Field, Kind, RecordType
from knowledge_base.articles.models import Vote

REASON_NAMES = {
    "outdated": _l("It is out of date"),
    "unclear": _l("It is hard to understand"),
    "did_not_work": _l("I did what it says, and it did not work"),
    "other": _l("Something else"),
    "": _l("No reason given"),
}

# What an export of a report holds; the rows are `queries.Line`.
PHRASE = (
    Field(name="wording", label=_l("Phrase")),
    Field(name="phrase", label=_l("Folded")),
    Field(name="times", label=_l("Times"), kind=Kind.NUMBER),
    Field(name="people", label=_l("Readers"), kind=Kind.NUMBER),
    Field(name="opened", label=_l("Opened an article"), kind=Kind.NUMBER),
    Field(name="wrote", label=_l("Wrote to us"), kind=Kind.NUMBER),
    Field(name="last_at", label=_l("Last asked"), kind=Kind.MOMENT),
)


def _said(vote: Vote) -> str:
    """Return what the reader wrote, else the reason that was ticked."""
    return vote.comment or str(REASON_NAMES[vote.reason])


FEEDBACK = RecordType(
    name="feedback",
    entity=Vote,
    plural=_l("Feedback"),
    title="said",
    search_column=func.lower(Vote.comment),
    fields=(
        Field(name="said", label=_l("What was said"), kind=Kind.LONG_TEXT, read=_said),
        Field(name="article", label=_l("Article"), read=lambda vote: vote.article.title, sort_by=Vote.article_id),
        Field(
            name="reason",
            label=_l("Reason"),
            kind=Kind.CHOICE,
            column=Vote.reason,
            sort_by=Vote.reason,
            choices=REASON_NAMES,
        ),
        Field(
            name="language",
            label=_l("Language"),
            kind=Kind.CHOICE,
            read=lambda vote: vote.article.language,
            choices={language.code: language.name for language in LANGUAGES},
        ),
        Field(name="at", label=_l("Given"), kind=Kind.MOMENT, column=Vote.at, sort_by=Vote.at),
    ),
)
