"""Writing at the desk: nothing typed is lost, nothing written runs, readers keep what they have until it is approved."""

import io
import re

import pytest
from PIL import Image

from kernel.actors import SYSTEM
from knowledge_base.articles import commands, queries
from knowledge_base.articles.models import Article, ArticleStatus
from tenants.permissions import Role
from tests import factories
from tests.browsing import FormReader

LIST = "/desk/articles"


@pytest.fixture
def place(alpha, in_tenant) -> int:
    with in_tenant(alpha) as session:
        parent = factories.category(session, "Rooms")
        factories.category(session, "Suites", parent=parent)
        return parent.id


@pytest.fixture
def article(alpha, in_tenant) -> Article:
    with in_tenant(alpha) as session:
        return factories.article(session, title="Late check-out", body="## When\n\nBefore **ten**.")


def picture(name="steps.png", size=(64, 48)):
    out = io.BytesIO()
    Image.new("RGB", size, "#336699").save(out, "PNG")
    return io.BytesIO(out.getvalue()), name


def write(browser, place, **facts):
    typed = {"title": "Parking", "language": "en", "category": place, "body": "Behind the *house*.", "keywords": "car"}
    return browser.submit(f"{LIST}/new", {**typed, **facts})


def open_form(browser, address):
    """Return what the form holds when it is opened, hidden fields included."""
    page = browser.get(address).text
    body = re.search(r"<textarea[^>]*name=\"body\"[^>]*>\s*(.*?)</textarea>", page, re.S)[1]
    return {**FormReader.hidden_fields(page, address), "body": body}


def test_the_category_is_chosen_from_the_tree(alpha, staff_browser, place):
    page = staff_browser(alpha).get(f"{LIST}/new").text
    assert f'<option value="{place}">Rooms</option>' in page
    assert "\u2003Suites</option>" in page


@pytest.mark.parametrize(
    "field", [{"category": ""}, {"category": "x"}, {"category": "999999999"}, {"kind": "poem"}, {"visibility": "groups"}]
)
def test_what_no_page_offers_is_refused(alpha, staff_browser, place, field):
    assert write(staff_browser(alpha), place, **field).status_code == 422


def test_a_staff_script_is_written_in_one_go(alpha, staff_browser, browse, place):
    answer = write(staff_browser(alpha), place, kind="script")
    record_id = answer.headers["Location"].rpartition("/")[2]
    assert "Staff only" in staff_browser(alpha).get(f"{LIST}/{record_id}").text


def test_a_form_without_a_text_comes_back_as_typed(alpha, staff_browser, place):
    answer = write(staff_browser(alpha), place, body="", summary="Kept")
    assert answer.status_code == 422
    assert 'value="Parking"' in answer.text
    assert "Kept" in answer.text
    assert 'id="body-error"' in answer.text


def test_an_agents_change_of_a_live_article_is_its_next_version(alpha, staff_browser, browse, article):
    agent = staff_browser(alpha)
    address = f"{LIST}/{article.id}/edit"
    assert agent.submit(address, {"title": "Later check-out", "body": "Before **noon**."}).status_code == 303
    assert "Before <strong>ten</strong>" in browse(alpha).get(f"/en/a/{article.id}-late-check-out").text
    page = agent.get(f"{LIST}/{article.id}").text
    assert "Next version: Later check-out" in page
    assert "Before <strong>noon</strong>" in page
    assert open_form(agent, address)["body"] == "Before **noon**."


def test_a_stale_edit_shows_both_texts_and_can_be_saved_again(alpha, staff_browser, article):
    agent, manager = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    address = f"{LIST}/{article.id}/edit"
    opened = open_form(manager, address)
    agent.submit(address, {"title": "Late check-out", "body": "Theirs"})
    mine = {**opened, "title": "Late check-out", "body": "Mine", "summary": "Mine too"}
    answer = manager.post(address, mine)
    assert answer.status_code == 409
    assert "Mine</textarea>" in answer.text
    assert '<pre class="words">Theirs</pre>' in answer.text
    again = FormReader.hidden_fields(answer.text, address)
    assert manager.post(address, {**mine, **again}).status_code == 303
    assert open_form(manager, address)["body"] == "Mine"


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_an_edit_that_does_not_say_what_it_saw_is_stale(alpha, staff_browser, article, version):
    form = {"title": "T", "body": "B", "version": version}
    assert staff_browser(alpha).submit(f"{LIST}/{article.id}/edit", form).status_code == 409


def test_saving_and_asking_for_a_review_is_one_step(alpha, staff_browser, place):
    agent = staff_browser(alpha)
    address = write(agent, place, submit="review").headers["Location"]
    assert "In review" in agent.get(address).text


def test_viewers_write_nothing(alpha, staff_browser, article):
    viewer = staff_browser(alpha, Role.VIEWER)
    for path in (f"{LIST}/new", f"{LIST}/{article.id}/edit"):
        assert viewer.get(path).status_code == 403


TEXT = "**Bold** <script>alert(1)</script> [x](javascript:alert(1))"


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Request-Type": "partial"}], ids=["page", "fragment"])
def test_a_preview_shows_what_readers_would_see_and_runs_nothing(alpha, staff_browser, place, headers):
    answer = staff_browser(alpha).submit(f"{LIST}/new", {"body": TEXT}, to=f"{LIST}/preview", **headers)
    assert "<strong>Bold</strong>" in answer.text
    assert "<script>alert" not in answer.text
    assert 'href="javascript' not in answer.text
    assert ("<html" in answer.text) is (headers == {})


def test_a_pasted_picture_is_kept_and_comes_back_as_markdown(alpha, staff_browser, place):
    browser = staff_browser(alpha)
    answer = browser.submit(f"{LIST}/new", {"files": picture()}, to=f"{LIST}/files")
    [markdown] = answer.json["markdown"]
    assert re.fullmatch(r"!\[steps.png\]\(/files/[0-9a-f-]{36}#64x48\)", markdown)
    page = browser.submit(f"{LIST}/new", {"body": markdown}, to=f"{LIST}/preview").text
    address = re.search(r'<img src="(/desk/files/[^"]+)" alt="steps.png" width="64" height="48" loading="lazy">', page)[1]
    assert browser.get(address).mimetype == "image/png"


@pytest.mark.parametrize(
    ("name", "content"), [("x.svg", b"<svg/>"), ("x.html", b"<p>"), ("x.png", b"no picture"), ("x.exe", b"MZ")]
)
def test_a_pasted_file_that_is_none_of_ours_is_refused_in_a_sentence(alpha, staff_browser, place, name, content):
    answer = staff_browser(alpha).submit(f"{LIST}/new", {"files": (io.BytesIO(content), name)}, to=f"{LIST}/files")
    assert answer.status_code == 422
    assert name in answer.json["error"]


def test_without_scripts_files_come_with_the_form(alpha, staff_browser, in_tenant, place):
    manual = (io.BytesIO(b"%PDF-1.7 manual"), "manual [1].pdf")
    answer = write(staff_browser(alpha), place, files=[picture(), manual])
    with in_tenant(alpha) as session:
        written = queries.get(session, int(answer.headers["Location"].rpartition("/")[2]), actor=SYSTEM)
        assert re.search(r"\n\n!\[steps.png\]\(/files/\S+\)\n\n\[manual \(1\).pdf\]\(/files/\S+\)$", written.body)
        assert len(written.file_ids) == 2


def test_a_form_that_is_refused_says_that_its_files_must_be_chosen_again(alpha, staff_browser, place):
    answer = write(staff_browser(alpha), place, title="", files=picture())
    assert answer.status_code == 422
    assert "Browsers do not keep files" in answer.text


def test_a_paste_a_table_and_a_script_are_saved_and_only_the_script_is_stripped(alpha, staff_browser, browse, in_tenant, place):
    """K02"""
    agent, manager = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    [shown] = agent.submit(f"{LIST}/new", {"files": picture()}, to=f"{LIST}/files").json["markdown"]
    table = "| Size | Fee |\n|---|---|\n| Big | 5 |"
    address = write(agent, place, body=f"{shown}\n\n{table}\n\n<script>alert(1)</script>").headers["Location"]
    record_id, file = address.rpartition("/")[2], re.search(r"/files/[0-9a-f-]{36}", shown)[0]
    assert browse(alpha).get(file).status_code == 404
    manager.submit(address, {}, to=f"{address}/publish")
    page = browse(alpha).get(f"/en/a/{record_id}-parking").text
    assert "<td>Big</td>" in page
    assert "<script>alert" not in page
    assert f'<img src="{file}"' in page
    assert browse(alpha).get(file).mimetype == "image/png"
    with in_tenant(alpha) as session:
        commands.withdraw(session, session.get(Article, int(record_id)), actor=SYSTEM)
    assert browse(alpha).get(file).status_code == 404


def test_a_picture_of_the_next_version_is_not_served_before_it_is_published(alpha, staff_browser, browse, article):
    agent = staff_browser(alpha)
    [shown] = agent.submit(f"{LIST}/new", {"files": picture()}, to=f"{LIST}/files").json["markdown"]
    agent.submit(f"{LIST}/{article.id}/edit", {"title": "Late check-out", "body": shown})
    file = re.search(r"/files/[0-9a-f-]{36}", shown)[0]
    assert browse(alpha).get(file).status_code == 404
    assert agent.get(f"/desk{file}").status_code == 200


def test_no_article_makes_a_file_of_somebody_elses_ticket_public(alpha, in_tenant, browse):
    from kernel.files import Upload
    from service_desk.tickets import queries as tickets

    with in_tenant(alpha) as session:
        ticket = factories.ticket(session, uploads=[Upload("passport.png", picture()[0])])
        file = tickets.conversation(session, ticket, actor=SYSTEM)[0].files[0]
        factories.article(session, body=f"![passport](/files/{file.public_id})")
    assert browse(alpha).get(f"/files/{file.public_id}").status_code == 404


def test_a_second_tenant_edits_nothing(alpha, beta, staff_browser, article):
    stranger = staff_browser(beta, Role.ADMIN)
    assert stranger.get(f"{LIST}/{article.id}/edit").status_code == 404
    assert stranger.submit(LIST, {"title": "x", "body": "x"}, to=f"{LIST}/{article.id}/edit").status_code == 404


def test_a_draft_in_review_is_still_in_review_when_a_word_is_mended(alpha, staff_browser, in_tenant, place):
    agent = staff_browser(alpha)
    record_id = int(write(agent, place, submit="review").headers["Location"].rpartition("/")[2])
    agent.submit(f"{LIST}/{record_id}/edit", {"title": "Parking", "body": "Behind the house!"})
    with in_tenant(alpha) as session:
        assert queries.get(session, record_id, actor=SYSTEM).status == ArticleStatus.IN_REVIEW
