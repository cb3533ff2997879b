"""Draft, review, approval, publication, and back: who may take which step, and what readers see meanwhile."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from kernel import clock
from kernel.actors import VISITOR
from kernel.errors import Forbidden, InvalidField, NotFound, StaleEdit
from kernel.events import Event
from knowledge_base.articles import commands, queries, workflow
from knowledge_base.articles.models import ArticleStatus
from knowledge_base.articles.workflow import NotInThatState, OwnArticle
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def agent(make_staff):
    return make_staff(name="Ana Agent").as_actor()


@pytest.fixture
def mei(make_staff):
    return make_staff(name="Mei Manager", role=Role.MANAGER).as_actor()


@pytest.fixture
def draft(make_article, agent):
    return make_article(status=ArticleStatus.DRAFT, actor=agent, body="Version one")


def is_seen(session, article):
    try:
        return queries.get(session, article.id, actor=VISITOR).body
    except NotFound:
        return None


def test_an_agents_draft_is_reviewed_approved_and_published_by_a_manager(session, draft, agent, mei):
    workflow.submit(session, draft, actor=agent)
    assert (draft.status, is_seen(session, draft)) == (ArticleStatus.IN_REVIEW, None)
    workflow.approve(session, draft, actor=mei)
    assert (draft.status, is_seen(session, draft)) == (ArticleStatus.APPROVED, None)
    workflow.publish(session, draft, actor=mei)
    assert is_seen(session, draft) == "Version one"
    lines = session.scalars(select(Event).where(Event.subject_id == draft.id).order_by(Event.at)).all()
    assert [(line.name, line.data.get("changes")) for line in lines] == [
        ("article.written", None),
        ("article.submitted", {"status": ["draft", "in_review"]}),
        ("article.approved", {"status": ["in_review", "approved"]}),
        ("article.published", {"status": ["approved", "published"]}),
    ]


@pytest.mark.parametrize(("step", "became"), [(workflow.withdraw, "draft"), (workflow.archive, "archived")])
def test_the_trail_tells_from_where_an_article_was_taken_away(session, make_article, mei, step, became):
    step(session, make_article(), actor=mei)
    last = session.scalars(select(Event).order_by(Event.at.desc()).limit(1)).one()
    assert last.data["changes"] == {"status": ["published", became]}


@pytest.mark.parametrize("step", [workflow.approve, workflow.publish])
def test_nobody_approves_what_they_wrote_on(session, make_staff, draft, agent, mei, step):
    boss = make_staff(role=Role.ADMIN).as_actor()
    commands.change(session, draft, values={"body": "Version two"}, revision=None, actor=mei)
    workflow.submit(session, draft, actor=agent)
    for author in (agent, mei):
        with pytest.raises(OwnArticle):
            step(session, draft, actor=author)
    step(session, draft, actor=boss)


def test_whoever_is_alone_in_publishing_approves_their_own(session, make_article, mei):
    article = make_article(status=ArticleStatus.DRAFT, actor=mei)
    assert not workflow.needs_second_person(session, queries.open_version(session, article), actor=mei)
    workflow.publish(session, article, actor=mei)
    assert article.is_published


def test_an_author_publishes_what_somebody_else_approved(session, make_staff, make_article, mei):
    boss = make_staff(role=Role.ADMIN).as_actor()
    article = make_article(status=ArticleStatus.DRAFT, actor=mei)
    workflow.submit(session, article, actor=mei)
    workflow.approve(session, article, actor=boss)
    workflow.publish(session, article, actor=mei)
    assert article.is_published


def test_a_change_after_the_approval_is_a_draft_again(session, draft, agent, mei):
    workflow.submit(session, draft, actor=agent)
    workflow.approve(session, draft, actor=mei)
    workflow.schedule(session, draft, at=clock.now() + timedelta(days=1), actor=mei)
    commands.change(session, draft, values={"body": "Not what she approved"}, revision=None, actor=agent)
    assert draft.status == ArticleStatus.DRAFT
    assert queries.open_version(session, draft).publish_at is None


def test_only_what_the_reviewer_read_is_approved(session, draft, agent, mei):
    workflow.submit(session, draft, actor=agent)
    session.flush()
    read = draft.revision
    commands.change(session, draft, values={"body": "Slipped in"}, revision=None, actor=agent)
    session.flush()
    with pytest.raises(StaleEdit):
        workflow.approve(session, draft, actor=mei, revision=read)


def test_a_text_is_sent_back_with_what_should_change(session, draft, agent, mei):
    workflow.submit(session, draft, actor=agent)
    with pytest.raises(InvalidField):
        workflow.send_back(session, draft, note=" ", actor=mei)
    workflow.send_back(session, draft, note="Name the fee.", actor=mei)
    version = queries.open_version(session, draft)
    assert (draft.status, version.note) == (ArticleStatus.DRAFT, "Name the fee.")
    workflow.submit(session, draft, actor=agent)
    assert version.note == ""


@pytest.mark.parametrize("step", [workflow.approve, workflow.unschedule, workflow.discard])
def test_a_step_from_another_state_is_refused(session, draft, mei, step):
    with pytest.raises(NotInThatState):
        step(session, draft, actor=mei)


def test_a_live_article_stays_while_its_next_version_is_edited(session, make_article, agent, mei):
    article = make_article(body="Version one")
    commands.change(session, article, values={"body": "Version two"}, revision=None, actor=agent)
    workflow.submit(session, article, actor=agent)
    assert (article.status, article.next_status) == (ArticleStatus.PUBLISHED, ArticleStatus.IN_REVIEW)
    assert is_seen(session, article) == "Version one"
    workflow.approve(session, article, actor=mei)
    workflow.publish(session, article, actor=mei)
    assert (article.next_status, is_seen(session, article)) == (None, "Version two")
    assert [version.state for version in queries.versions(session, article)] == ["published", "replaced"]


def test_the_next_version_can_be_given_up(session, make_article, agent):
    article = make_article(body="Version one")
    commands.change(session, article, values={"body": "Version two"}, revision=None, actor=agent)
    workflow.discard(session, article, actor=agent)
    assert (article.next_status, is_seen(session, article)) == (None, "Version one")
    assert queries.versions(session, article)[0].body == "Version two"


def test_an_agent_gives_up_no_version_that_a_manager_approved(session, make_article, agent, mei):
    article = make_article()
    commands.change(session, article, values={"body": "Version two"}, revision=None, actor=agent)
    workflow.submit(session, article, actor=agent)
    workflow.approve(session, article, actor=mei)
    with pytest.raises(Forbidden):
        workflow.discard(session, article, actor=agent)


def test_a_text_appears_at_its_hour_and_not_before(alpha, in_tenant, run_due, travel):
    with in_tenant(alpha) as session:
        author = factories.staff_member(session).as_actor()
        manager = factories.staff_member(session, role=Role.MANAGER).as_actor()
        article = factories.article(session, status=ArticleStatus.DRAFT, actor=author)
        workflow.submit(session, article, actor=author)
        workflow.approve(session, article, actor=manager)
        workflow.schedule(session, article, at=clock.now() + timedelta(days=1), actor=manager)
    for hours, status in ((23, ArticleStatus.SCHEDULED), (2, ArticleStatus.PUBLISHED)):
        travel(timedelta(hours=hours))
        run_due()
        with in_tenant(alpha) as session:
            assert queries.get(session, article.id, actor=manager).status == status


def test_a_text_that_was_put_off_does_not_appear_at_the_first_hour(alpha, in_tenant, run_due, travel):
    with in_tenant(alpha) as session:
        manager = factories.staff_member(session, role=Role.MANAGER).as_actor()
        held, later = (factories.article(session, status=ArticleStatus.APPROVED) for _ in range(2))
        for article in (held, later):
            workflow.schedule(session, article, at=clock.now() + timedelta(days=1), actor=manager)
        workflow.unschedule(session, held, actor=manager)
        workflow.schedule(session, later, at=clock.now() + timedelta(days=3), actor=manager)
    travel(timedelta(days=2))
    run_due()
    with in_tenant(alpha) as session:
        states = [queries.get(session, one.id, actor=manager).status for one in (held, later)]
    assert states == [ArticleStatus.APPROVED, ArticleStatus.SCHEDULED]


@pytest.mark.parametrize("away", [None, timedelta(), timedelta(days=-1)])
def test_the_hour_of_publication_lies_ahead(session, make_article, mei, away):
    article = make_article(status=ArticleStatus.APPROVED)
    with pytest.raises(InvalidField):
        workflow.schedule(session, article, at=None if away is None else clock.now() + away, actor=mei)


def test_an_earlier_version_is_shown_again_word_for_word_and_day_for_day(session, make_article, agent, mei, travel):
    article = make_article(title="One", summary="Sum", body="Version *one*", keywords=["k"])
    kept = ("title", "summary", "body", "body_html", "body_text", "headings", "keywords", "search_text", "text_at")
    before = {name: getattr(article, name) for name in kept}
    travel(timedelta(days=3))
    commands.change(session, article, values={"title": "Two", "body": "Version two"}, revision=None, actor=agent)
    workflow.publish(session, article, actor=mei)
    assert article.title == "Two"
    workflow.roll_back(session, article, number=1, actor=mei)
    assert {name: getattr(article, name) for name in kept} == before
    states = [(version.number, version.state) for version in queries.versions(session, article)]
    assert states == [(3, "published"), (2, "replaced"), (1, "replaced")]


def test_only_what_readers_once_saw_is_shown_again(session, make_article, agent, mei):
    article = make_article()
    commands.change(session, article, values={"body": "Never approved"}, revision=None, actor=agent)
    with pytest.raises(NotInThatState):
        workflow.roll_back(session, article, number=2, actor=mei)
    with pytest.raises(NotFound):
        workflow.roll_back(session, article, number=9, actor=mei)


def test_what_was_published_stays_in_the_history_when_it_is_withdrawn_and_edited(session, make_article, agent, mei):
    article = make_article(body="Version one")
    workflow.withdraw(session, article, actor=mei)
    commands.change(session, article, values={"body": "Version two"}, revision=None, actor=agent)
    assert is_seen(session, article) is None
    assert [(version.body, version.state) for version in queries.versions(session, article)] == [
        ("Version two", "draft"),
        ("Version one", "replaced"),
    ]


def test_an_archived_article_is_seen_by_nobody_and_can_come_back(session, make_article, agent, mei):
    article = make_article(body="Version one")
    commands.change(session, article, values={"body": "Given up"}, revision=None, actor=agent)
    workflow.archive(session, article, actor=mei)
    assert (article.status, article.next_status, is_seen(session, article)) == (ArticleStatus.ARCHIVED, None, None)
    workflow.publish(session, article, actor=mei)
    assert is_seen(session, article) == "Version one"


def test_archiving_does_not_launder_an_own_text(session, make_staff, make_article, mei):
    make_staff(role=Role.ADMIN)
    article = make_article(status=ArticleStatus.DRAFT, actor=mei)
    workflow.archive(session, article, actor=mei)
    with pytest.raises(OwnArticle):
        workflow.publish(session, article, actor=mei)
