"""What may be read in the help centre, and by whom."""

import pytest

from kernel.actors import SYSTEM, VISITOR
from kernel.errors import NotFound
from kernel.i18n import ENGLISH, SIMPLIFIED, TRADITIONAL
from knowledge_base.articles import commands, queries
from knowledge_base.articles.models import ArticleStatus
from tests import factories


@pytest.fixture
def draft(make_article):
    return make_article(status=ArticleStatus.DRAFT, title="Not yet")


def test_readers_see_what_is_published_and_staff_see_drafts_too(session, make_article, make_customer, draft, sam):
    article = make_article()
    session.flush()
    for reader in (VISITOR, make_customer().as_actor()):
        assert session.scalars(queries.visible_to(reader)).all() == [article]
        with pytest.raises(NotFound):
            queries.get(session, draft.id, actor=reader)
    assert queries.get(session, draft.id, actor=sam) is draft
    assert set(session.scalars(queries.visible_to(SYSTEM))) == {article, draft}


def test_articles_come_in_the_order_asked_for_without_those_that_may_not_be_seen(session, make_article, draft):
    first, second = make_article(), make_article()
    session.flush()
    ids = [second.id, 999_999_999, draft.id, first.id]
    assert queries.listed(session, ids, actor=VISITOR) == [second, first]
    assert queries.listed(session, [], actor=VISITOR) == []


def test_translations_are_found_by_language_drafts_left_out(session, make_article):
    english = make_article()
    chinese = make_article(language="zh_Hant", translation_key=english.translation_key)
    make_article(language="zh_Hans", translation_key=english.translation_key, status=ArticleStatus.DRAFT)
    session.flush()
    assert queries.translations(session, english, actor=VISITOR) == {"en": english, "zh_Hant": chinese}


def test_the_tree_counts_what_the_reader_may_read_in_their_language(session, make_article):
    root = factories.category(session, "Rooms")
    branch = factories.category(session, "Beds", parent=root)
    for place, status in ((root, "published"), (branch, "published"), (branch, "draft")):
        make_article(category=place, status=ArticleStatus(status))
    make_article(category=branch, language="zh_Hant")
    session.flush()
    [tree] = queries.tree(session, ENGLISH, actor=VISITOR)
    assert (tree.article_count, tree.branches[0].article_count) == (2, 1)
    assert tree.all_ids == [root.id, branch.id]
    assert [b.category.id for b in queries.flattened([tree])] == [root.id, branch.id]
    assert queries.find_branch([tree], branch.id).path == (root, branch)
    assert queries.tree(session, TRADITIONAL, actor=VISITOR)[0].article_count == 1
    with pytest.raises(NotFound):
        queries.find_branch([tree], 999_999_999)


def test_the_tree_costs_two_statements_however_large(session, make_article, count_statements):
    root = factories.category(session, "Rooms")
    for number in range(6):
        make_article(category=factories.category(session, f"Branch {number}", parent=root))
    session.flush()
    with count_statements() as seen:
        queries.tree(session, ENGLISH, actor=VISITOR)
    assert len(seen) == 2


def test_what_helped_most_readers_comes_first(session, make_article):
    place = factories.category(session)
    plain, liked = make_article(category=place), make_article(category=place)
    commands.vote(session, liked, visitor="a", is_helpful=True, actor=VISITOR)
    session.flush()
    assert list(queries.popular(session, ENGLISH, actor=VISITOR)) == [liked, plain]
    assert list(queries.neighbours(session, plain, [], actor=VISITOR)) == [liked]
    assert list(queries.popular(session, SIMPLIFIED, actor=VISITOR)) == []


def test_a_category_shows_its_articles_in_the_readers_language(session, make_article, draft):
    place = factories.category(session)
    article = make_article(category=place)
    make_article(category=place, language="zh_Hans")
    session.flush()
    assert list(queries.in_category(session, [place.id], ENGLISH, actor=VISITOR)) == [article]


def test_a_category_is_named_in_the_language_that_its_reader_understands_best(session):
    category = factories.category(session, "客房", language="zh_Hant")
    assert category.name_in(SIMPLIFIED) == category.name_in(ENGLISH) == "客房"


def test_a_second_tenant_reads_none_of_them(alpha, beta, in_tenant):
    with in_tenant(alpha) as session:
        article_id = factories.article(session).id
    with in_tenant(beta) as session:
        assert queries.listed(session, [article_id], actor=SYSTEM) == []
        assert queries.revisions(session) == {}
