"""What a new tenant of a trade begins with."""

import pytest
from sqlalchemy import select

from infra import templates
from knowledge_base.articles.models import Article, Category
from service_desk.tickets.models import Ticket
from tenants import furnishing, provisioning
from tenants.furnishing import BLANK, TEMPLATE_NAMES, UnknownTemplate
from tenants.permissions import Role
from tests import factories


@pytest.mark.parametrize("name", [name for name in TEMPLATE_NAMES if name != BLANK])
def test_every_trade_begins_with_articles_in_all_languages_and_kinds_of_request(alpha, session, name):
    templates.furnish(session, name, language="zh_Hant")
    articles = session.scalars(select(Article)).all()
    keys = {article.translation_key for article in articles}
    assert len(keys) >= 4
    assert {(article.translation_key, article.language) for article in articles} == {
        (key, code) for key in keys for code in ("en", "zh_Hans", "zh_Hant")
    }
    assert all(article.is_published and article.summary for article in articles)
    for category in session.scalars(select(Category)):
        assert set(category.names) == {"en", "zh_Hans", "zh_Hant"}


def test_blank_is_blank(alpha, session):
    templates.furnish(session, "blank", language="en")
    assert session.scalars(select(Article)).all() == []


def test_a_template_that_is_not_there_is_named(alpha, session):
    with pytest.raises(UnknownTemplate, match="There is no template"):
        templates.furnish(session, "bakery", language="en")


def test_a_new_hotel_opens_with_its_help_centre_and_views(house, browse, staff_browser, in_tenant, run_due):
    gamma = provisioning.create_tenant(
        "gamma", name="Gamma Inn", furnish=lambda session: templates.furnish(session, "hotel", language="en")
    )
    run_due()
    assert "Something left behind in the room" in browse(gamma).get("/en/").text + browse(gamma).get("/en/search?q=left").text
    assert "物品遗忘在客房" in browse(gamma).get("/zh-hans/search?q=遗忘").text
    manager = staff_browser(gamma, Role.MANAGER)
    with in_tenant(gamma) as session:
        ticket = factories.ticket(session, subject="Umbrella")
        ticket.tags = ["Lost and found"]
    page = manager.get("/desk/?view=all").text
    assert "Lost and found" in page
    assert "Umbrella" in manager.get("/desk/?tags=Lost+and+found").text


def test_who_signs_up_is_furnished_by_a_worker_a_moment_later(house, in_tenant, run_due):
    gamma = provisioning.create_tenant("gamma", name="Gamma Inn", locale="zh_Hans")
    with in_tenant(gamma) as session:
        factories.staff_member(session)
        furnishing.promise(session, template="catering", language="zh_Hans", with_demo_data=True)
    run_due()
    with in_tenant(gamma) as session:
        assert "食物过敏与配料" in session.scalars(select(Article.title)).all()
        assert "没有到齐" in " ".join(session.scalars(select(Ticket.subject)))
    with pytest.raises(UnknownTemplate), in_tenant(gamma) as session:
        furnishing.promise(session, template="bakery", language="en")
