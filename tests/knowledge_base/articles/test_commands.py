"""What changes in the help centre, and what is refused."""

import pytest
from sqlalchemy import select

from kernel.actors import SYSTEM, VISITOR
from kernel.errors import Forbidden, InvalidField, StaleEdit
from kernel.events import Event
from knowledge_base.articles import commands, queries
from knowledge_base.articles.commands import TranslationExists
from knowledge_base.articles.models import ArticleStatus
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def sam(make_staff):
    """A manager: agents may write drafts only."""
    return make_staff(name="Sam Manager", role=Role.MANAGER).as_actor()


def _events(session):
    return session.scalars(select(Event.name).order_by(Event.at)).all()


def test_an_article_is_written_as_a_draft_with_all_that_reading_needs(session, sam):
    place = factories.category(session)
    words = {"title": " Late  check-out ", "body": "## When\n\nBefore *noon*", "keywords": ["late", " ", "late"]}
    article = commands.write(session, **words, language="en", category=place, actor=sam)
    assert (article.title, article.slug, article.status) == ("Late check-out", "late-check-out", ArticleStatus.DRAFT)
    assert "<em>noon</em>" in article.body_html
    assert [heading[2] for heading in article.headings] == ["When"]
    assert (article.keywords, article.author_id, article.published_at) == (["late"], sam.id, None)
    assert _events(session)[-1] == "article.written"


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", " "), ("title", "x" * 201), ("title", "\x00"), ("body", ""), ("body", " \n"), ("body", "x" * 200_001)],
)
def test_a_text_that_does_not_fit_is_refused_beside_its_field(make_article, field, value):
    with pytest.raises(InvalidField) as refusal:
        make_article(**{field: value})
    assert refusal.value.field == field


def test_an_article_has_one_text_in_each_language(session, make_article):
    first = make_article()
    second = make_article(language="zh_Hant", translation_key=first.translation_key)
    assert second.translation_key == first.translation_key
    with pytest.raises(TranslationExists):
        make_article(language="zh_Hant", translation_key=first.translation_key)


def test_a_change_of_a_draft_counts_up_the_revision_and_renders_anew(session, make_article, sam):
    article = make_article(status=ArticleStatus.DRAFT)
    session.flush()
    seen, title = article.revision, article.title
    commands.change(session, article, values={"body": "**New**", "title": "Anew"}, revision=seen, actor=sam)
    session.flush()
    assert article.revision == seen + 1
    assert "<strong>New</strong>" in article.body_html
    event = session.scalars(select(Event).where(Event.name == "article.changed")).one()
    assert event.data == {"fields": ["body", "title"], "changes": {"title": [title, "Anew"]}}
    with pytest.raises(StaleEdit):
        commands.change(session, article, values={"body": "Other"}, revision=seen, actor=sam)


def test_readers_keep_what_they_see_while_its_next_version_is_written(session, make_article, make_staff):
    agent = make_staff(role=Role.AGENT).as_actor()
    article = make_article(body="Old")
    commands.change(session, article, values={"body": "New", "keywords": ["late"]}, revision=None, actor=agent)
    version = queries.open_version(session, article)
    assert (article.body, article.next_status, version.body, version.number) == ("Old", ArticleStatus.DRAFT, "New", 2)
    assert (version.title, version.keywords, version.author_ids) == (article.title, ["late"], [agent.id])


def test_an_agent_moves_no_article_that_readers_see(session, make_article, make_staff):
    agent = make_staff(role=Role.AGENT).as_actor()
    elsewhere = factories.category(session)
    draft, published = make_article(status=ArticleStatus.DRAFT), make_article()
    commands.change(session, draft, values={"category": elsewhere}, revision=None, actor=agent)
    assert draft.category_id == elsewhere.id
    with pytest.raises(Forbidden):
        commands.change(session, published, values={"category": elsewhere}, revision=None, actor=agent)


def test_an_import_changes_what_readers_see_and_leaves_somebodys_next_version_alone(session, make_article, sam):
    article = make_article(body="Old")
    commands.change(session, article, values={"body": "Mine"}, revision=None, actor=sam)
    commands.change(session, article, values={"body": "Imported"}, revision=None, actor=SYSTEM)
    assert (article.body, article.next_status) == ("Imported", ArticleStatus.DRAFT)
    assert queries.open_version(session, article).body == "Mine"
    commands.change(session, article, values={"body": "Imported"}, revision=None, actor=SYSTEM)
    assert article.live_number == 3


@pytest.mark.parametrize("field", ["body_html", "status", "language", "revision", "author_id", "visibility"])
def test_only_what_is_declared_editable_can_be_set(session, make_article, sam, field):
    with pytest.raises((ValueError, KeyError)):
        commands.change(session, make_article(), values={field: "x"}, revision=None, actor=sam)


def test_publishing_shows_an_article_and_withdrawing_hides_it(session, make_article, sam):
    article = make_article(status=ArticleStatus.DRAFT)
    session.flush()
    for command, is_seen in ((commands.publish, True), (commands.withdraw, False), (commands.publish, True)):
        command(session, article, actor=sam)
        command(session, article, actor=sam)
        session.flush()
        assert (article.id in [a.id for a in session.scalars(queries.visible_to(VISITOR))]) is is_seen
    assert [name for name in _events(session) if name in ("article.published", "article.withdrawn")] == [
        "article.published",
        "article.withdrawn",
        "article.published",
    ]


def test_the_day_of_publication_is_the_first_one(session, make_article, sam):
    article = make_article()
    first = article.published_at
    commands.withdraw(session, article, actor=sam)
    commands.publish(session, article, actor=sam)
    assert article.published_at == first


def test_a_reader_has_one_vote_and_may_change_it(session, make_article):
    article = make_article()
    for visitor, is_helpful in (("a", True), ("b", True), ("c", False), ("a", False)):
        commands.vote(session, article, visitor=visitor, is_helpful=is_helpful, actor=VISITOR)
    session.refresh(article)
    assert (article.helpful_count, article.unhelpful_count) == (1, 2)


def test_a_vote_does_not_make_an_authors_open_edit_stale(session, make_article, sam):
    article = make_article()
    session.flush()
    seen = article.revision
    commands.vote(session, article, visitor="a", is_helpful=False, reason="unclear", comment=" Which lift? ", actor=VISITOR)
    commands.change(session, article, values={"body": "The left lift"}, revision=seen, actor=sam)
    vote = queries.vote_of(session, article, "a")
    assert (vote.reason, vote.comment) == ("unclear", "Which lift?")


def test_an_unknown_reason_is_refused(session, make_article):
    with pytest.raises(InvalidField) as refusal:
        commands.vote(session, make_article(), visitor="a", is_helpful=False, reason="because", actor=VISITOR)
    assert refusal.value.field == "reason"


def test_the_system_may_write_articles(make_article):
    assert make_article(actor=SYSTEM).author_id is None
