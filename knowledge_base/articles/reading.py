"""An article as one reader meets it: in the reader's script, and saying so where a machine converted it."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from kernel.i18n import BY_CODE, Language
from knowledge_base.articles import texts
from knowledge_base.articles.models import Article, Version
from knowledge_base.articles.scripts import html_in_script, in_script, shown_in


@dataclass(frozen=True)
class Reading:
    """What is shown.  `language` is that of the words as shown, `written_in` that in which somebody wrote them."""

    title: str
    summary: str
    html: str
    text: str
    headings: list[tuple[int, str, str]]
    language: Language
    written_in: Language

    @property
    def is_converted(self) -> bool:
        return self.language != self.written_in


def of(article: Article, wanted: Language) -> Reading:
    """Return what a reader of `wanted` gets of an article: Chinese of the other script converted, all else as it is."""
    written = BY_CODE[article.language]

    def said(text: str) -> str:
        return in_script(text, written=written, wanted=wanted)

    return Reading(
        title=said(article.title),
        summary=said(article.summary),
        html=html_in_script(article.body_html, written=written, wanted=wanted),
        text=said(article.body_text),
        headings=[(level, anchor, said(words)) for level, anchor, words in article.headings],
        language=shown_in(written, wanted),
        written_in=written,
    )


def of_words(session: Session, article: Article, words: Article | Version, wanted: Language) -> Reading:
    """Return what a reader of `wanted` would get if `words`, a version of the article, were what readers see."""
    shown = texts.rendered(session, words.body, article.language)
    trial = Article(language=article.language, title=words.title, summary=words.summary)
    texts.place(trial, shown)
    return of(trial, wanted)
