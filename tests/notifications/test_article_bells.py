"""A text that waits for review rings with who may approve it, and the review's end with who wrote it."""

import pytest
from sqlalchemy import select

from knowledge_base.articles import commands, workflow
from knowledge_base.articles.models import Article, ArticleStatus
from notifications import commands as bells
from notifications import queries
from notifications.models import BellItem
from tenants.models import StaffMember
from tenants.permissions import OWN, Role
from tests import factories


@pytest.fixture
def people(alpha, in_tenant):
    with in_tenant(alpha) as session:
        roles = {"ana": Role.AGENT, "ben": Role.AGENT, "mia": Role.MANAGER, "ada": Role.ADMIN}
        return {name: factories.staff_member(session, name=name.title(), role=role) for name, role in roles.items()}


@pytest.fixture
def act(alpha, in_tenant, run_due):
    """`act(workflow.submit, actor=member)` takes one article a step further and lets everything due run."""
    made = {}

    def take(command, *, actor, **options):
        with in_tenant(alpha) as session:
            if not made:
                draft = factories.article(session, title="Lost keys", status=ArticleStatus.DRAFT, actor=actor.as_actor())
                made["id"] = draft.id
            command(session, session.get_one(Article, made["id"]), actor=actor.as_actor(), **options)
        run_due()

    return take


@pytest.fixture
def rung(alpha, in_tenant, people):
    """Who has been rung for what, and who by."""

    def heard():
        names = {member.id: name for name, member in people.items()}
        with in_tenant(alpha) as session:
            items = session.scalars(select(BellItem).order_by(BellItem.at, BellItem.staff_id))
            return {(names[item.staff_id], item.kind.removeprefix("article."), item.data["who"]) for item in items}

    return heard


def test_a_request_for_review_rings_with_all_who_may_publish_and_with_nobody_else(act, people, rung):
    act(workflow.submit, actor=people["ana"])
    assert rung() == {("mia", "submitted", "Ana"), ("ada", "submitted", "Ana")}


def test_who_wrote_on_it_is_asked_only_where_nobody_else_may_publish(act, people, rung, alpha, in_tenant):
    act(commands.change, actor=people["mia"], values={"body": "Mine too"}, revision=None)
    act(workflow.submit, actor=people["ana"])
    assert rung() == {("ada", "submitted", "Ana")}
    act(workflow.send_back, actor=people["ada"], note="No.")
    with in_tenant(alpha) as session:
        session.get_one(StaffMember, people["ada"].id).is_active = False
    act(workflow.submit, actor=people["ana"])
    assert ("mia", "submitted", "Ana") in rung()


@pytest.mark.parametrize(
    ("step", "options", "kind"),
    [
        (workflow.approve, {}, "approved"),
        (workflow.send_back, {"note": "Name the fee."}, "sent_back"),
        (workflow.publish, {}, "published"),
    ],
)
def test_the_end_of_a_review_rings_with_all_who_wrote(act, people, rung, step, options, kind):
    act(commands.change, actor=people["ana"], values={"body": "Mine"}, revision=None)
    act(commands.change, actor=people["ben"], values={"body": "Mine too"}, revision=None)
    act(workflow.submit, actor=people["ben"])
    before = rung()
    act(step, actor=people["mia"], **options)
    assert rung() - before == {("ana", kind, "Mia"), ("ben", kind, "Mia")}


def test_publishing_what_was_approved_before_rings_no_second_time(act, people, rung):
    act(workflow.submit, actor=people["ana"])
    act(workflow.approve, actor=people["mia"])
    before = rung()
    act(workflow.publish, actor=people["mia"])
    assert rung() == before


def test_only_what_one_may_read_is_heard_and_a_guest_hears_and_marks_nothing(act, people, alpha, in_tenant):
    act(workflow.submit, actor=people["ana"])
    manager = people["mia"].as_actor()
    others = [
        type(manager)(kind=kind, id=manager.id, name="", permissions=permissions, language=manager.language)
        for kind, permissions in (("staff", OWN), ("operator", manager.permissions))
    ]
    with in_tenant(alpha) as session:
        assert [queries.unread_count(session, actor=other) for other in others] == [0, 0]
        bells.mark_read(session, actor=others[1])
        assert queries.unread_count(session, actor=manager) == 1
