"""The search index follows the articles, however late, often or out of order it is told."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from kernel import settings
from kernel.actors import SYSTEM, VISITOR
from kernel.events import Event
from kernel.i18n import ENGLISH
from knowledge_base.articles import commands, finding, jobs, queries, snippets
from knowledge_base.articles.models import Article, Snippet
from knowledge_base.search.engines import engine_of
from knowledge_base.search.postgres_index import PostgresBackend
from knowledge_base.search.whoosh_index import WhooshBackend
from tenants.migrations import backfills
from tenants.migrations.backfills import Batch
from tests import factories


@pytest.fixture(params=["whoosh", "postgres"])
def backend(request, house):
    """Each engine in turn."""
    settings.use(replace(house, search_backend=request.param))
    yield request.param
    settings.use(house)


@pytest.fixture
def folder(alpha, house):
    place = Path(house.home) / "search" / alpha.stand.schema
    shutil.rmtree(place, ignore_errors=True)
    yield place
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture
def article_id(alpha, in_tenant, folder, backend):
    with in_tenant(alpha) as session:
        return factories.article(session, title="Towels", body="In the cupboard.").id


@pytest.fixture
def finds(alpha, in_tenant):
    def ask(words):
        with in_tenant(alpha) as session:
            return [find.article.id for find in finding.find(session, words, ENGLISH, actor=VISITOR).finds]

    return ask


@pytest.fixture
def change(alpha, in_tenant, article_id):
    def make(command, **options):
        with in_tenant(alpha) as session:
            command(session, queries.get(session, article_id, actor=SYSTEM), **options, actor=SYSTEM)

    return make


def test_a_new_article_is_found_once_its_event_is_told(article_id, finds, run_due):
    assert finds("towels") == []
    run_due()
    assert finds("towels") == [article_id]


def test_changes_publishing_and_withdrawing_reach_the_index(article_id, change, finds, run_due):
    change(commands.change, values={"title": "Bathrobes"}, revision=None)
    run_due()
    assert (finds("towels"), finds("bathrobes")) == ([], [article_id])
    change(commands.withdraw)
    run_due()
    assert finds("bathrobes") == []
    change(commands.publish)
    run_due()
    assert finds("bathrobes") == [article_id]


def test_being_told_twice_and_out_of_order_ends_in_the_same_place(article_id, change, finds, run_due, alpha, in_tenant):
    change(commands.change, values={"title": "Bathrobes"}, revision=None)
    run_due()
    with in_tenant(alpha) as session:
        for event in session.query(Event).filter(Event.name.like("article.%")).order_by(Event.at.desc()):
            jobs.on_article_changed(session, event)
    assert (finds("towels"), finds("bathrobes")) == ([], [article_id])


@pytest.fixture
def lose(alpha, in_tenant, folder, backend):
    """Whatever the engine keeps is gone."""

    def delete():
        shutil.rmtree(folder, ignore_errors=True)
        with in_tenant(alpha) as session:
            PostgresBackend(session).apply([], PostgresBackend(session).contents())

    return delete


def test_a_lost_index_is_made_anew(article_id, lose, finds, run_due, alpha, in_tenant):
    run_due()
    lose()
    assert finds("towels") == []
    with in_tenant(alpha) as session:
        jobs.repair_index(session)
    assert finds("towels") == [article_id]


@pytest.mark.parametrize("backend", ["whoosh"], indirect=True)
def test_a_damaged_index_is_made_anew(article_id, folder, finds, run_due, alpha, in_tenant):
    run_due()
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(b"garbage")
    with in_tenant(alpha) as session:
        jobs.repair_index(session)
    assert finds("towels") == [article_id]


def test_repair_leaves_a_good_index_alone(article_id, folder, run_due, alpha, in_tenant, monkeypatch):
    run_due()
    for engine in (WhooshBackend, PostgresBackend):
        monkeypatch.setattr(engine, "rebuild", lambda *arguments: pytest.fail("rebuilt a good index"))
    with in_tenant(alpha) as session:
        jobs.repair_index(session)


def test_repair_finds_a_snippets_new_words_of_which_nobody_told(alpha, folder, backend, finds, run_due, in_tenant):
    with in_tenant(alpha) as session:
        hours_id = snippets.add(session, name="hours", words={"en": "Until noon."}, actor=SYSTEM).id
        article_id = factories.article(session, title="Breakfast", body="{{snippet:hours}}").id
    run_due()
    with in_tenant(alpha) as session:
        known = engine_of(session).contents()[article_id]
        hours = session.get_one(Snippet, hours_id)
        snippets.change(session, hours, words={"en": "Until midnight."}, version=hours.version, actor=SYSTEM)
        snippets.render_again(session, "hours", actor=SYSTEM)
    with in_tenant(alpha) as session:
        jobs.repair_index(session)
        assert engine_of(session).contents()[article_id] == known + 1
        assert queries.get(session, article_id, actor=SYSTEM).revision == known
    assert finds("midnight") == [article_id]


@pytest.fixture
def rendered_before(alpha, in_tenant, folder, run_due):
    """Three articles as an earlier release has stored them, with words that ran together."""
    with in_tenant(alpha) as session:
        ids = [factories.article(session, title=f"Towels {n}", body="In the linen\ncupboard.").id for n in range(3)]
    run_due()
    with in_tenant(alpha) as session:
        session.execute(update(Article).values(body_text="In the linencupboard."))
    return ids


def test_what_an_earlier_release_rendered_is_rendered_again_in_batches(
    rendered_before, alpha, in_tenant, backend, finds, run_due, monkeypatch
):
    monkeypatch.setattr(jobs, "_RENDERED_AT_ONCE", 2)
    with in_tenant(alpha) as session:
        before = session.execute(select(Article.id, Article.revision).order_by(Article.id)).all()
        first = jobs.render_again(session, "")
    assert (first.rows, first.position) == (2, str(rendered_before[1]))
    with in_tenant(alpha) as session:
        assert jobs.render_again(session, first.position) == Batch(1, None)
    run_due()
    with in_tenant(alpha) as session:
        assert set(session.scalars(select(Article.body_text))) == {"In the linen\ncupboard."}
        assert session.execute(select(Article.id, Article.revision).order_by(Article.id)).all() == before
        assert engine_of(session).contents() == queries.revisions(session)
        assert jobs.render_again(session, "").rows == 0
    assert sorted(finds("linen cupboard")) == rendered_before


def test_the_backfill_finds_every_tenant_and_the_index_hears_of_it(rendered_before, backend, alpha, in_tenant, run_due, broom):
    broom.execute("DELETE FROM platform.backfill")
    tally = backfills.run()
    assert (tally.failed, tally.rows) == (0, 3)
    run_due()
    with in_tenant(alpha) as session:
        assert engine_of(session).contents() == queries.revisions(session)
    broom.execute("DELETE FROM platform.backfill")


def test_an_edit_that_began_before_a_rendering_is_not_stale(rendered_before, backend, alpha, in_tenant):
    with in_tenant(alpha) as session:
        seen = session.get_one(Article, rendered_before[0]).revision
    with in_tenant(alpha) as session:
        jobs.render_again(session, "")
    with in_tenant(alpha) as session:
        article = session.get_one(Article, rendered_before[0])
        commands.change(session, article, values={"body": "In the hall."}, revision=seen, actor=SYSTEM)
        assert article.body == "In the hall."


def test_repair_removes_what_the_database_no_longer_holds(article_id, finds, run_due, alpha, in_tenant):
    run_due()
    with in_tenant(alpha) as session:
        session.delete(queries.get(session, article_id, actor=SYSTEM))
    with in_tenant(alpha) as session:
        jobs.repair_index(session)
        assert engine_of(session).contents() == {}


def test_reindexing_counts_what_it_did(article_id, alpha, in_tenant):
    shown = []
    with in_tenant(alpha) as session:
        assert jobs.reindex(session, shown.append) == 1
    assert shown[-1:] == [1]


def test_articles_that_came_together_are_indexed_together(alpha, in_tenant, folder, backend, finds, run_due, monkeypatch):
    with in_tenant(alpha) as session:
        factories.article(session, title="First")
    run_due()
    applied = []
    for engine in (WhooshBackend, PostgresBackend):
        monkeypatch.setattr(engine, "apply", _counting(engine.apply, applied))
    with in_tenant(alpha) as session:
        made = [factories.article(session, title="Towels").id for _ in range(5)]
    run_due()
    assert set(finds("towels")) == set(made)
    assert len(applied) == 1


def _counting(apply, applied):
    def counted(self, *arguments):
        applied.append(arguments)
        apply(self, *arguments)

    return counted


def test_what_an_article_is_also_asked_as_finds_it(article_id, change, finds, run_due):
    change(commands.change, values={"asked_as": "nothing to dry myself\n浴巾在哪\n"}, revision=None)
    run_due()
    assert finds("浴巾") == finds("dry") == [article_id]
