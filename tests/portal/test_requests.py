"""Asking for help and following the answer: as a guest with a link, and as a customer with an account."""

import io

import pytest
from PIL import Image
from sqlalchemy import text

from service_desk.tickets import commands, queries
from service_desk.tickets.models import Status
from tests import factories
from tests.browsing import FormReader

NEW = "/en/requests/new"
GUEST = {"subject": "The lift is stuck", "body": "Since this morning.", "email": "guest@mail.example"}


def picture(name="room.png"):
    content = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(content, "PNG")
    content.seek(0)
    return content, name


@pytest.fixture
def count_tickets(in_tenant, alpha):
    def counted():
        with in_tenant(alpha) as session:
            tables = ("ticket", "ticket_message", "customer", "stored_file")
            return tuple(session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables)

    return counted


@pytest.fixture
def make_request(in_tenant, alpha):
    """A request of a customer, kept; returns the ticket."""

    def made(**facts):
        with in_tenant(alpha) as session:
            email = facts.pop("email", None)
            if email:
                facts["customer"] = factories.customer_with_password(session, email=email, password="a long enough password")
            return factories.ticket(session, **facts)

    return made


@pytest.fixture
def answer(in_tenant, alpha):
    """A member of staff does something with a ticket."""

    def act(ticket, command, **facts):
        with in_tenant(alpha) as session:
            sam = factories.staff_member(session, name="Sam Agent").as_actor()
            return command(session, queries.by_public_id(session, ticket.public_id), actor=sam, **facts)

    return act


def page_of(ticket, language="en"):
    return f"/{language}/requests/{ticket.public_id}"


def test_a_guest_sends_a_request_with_a_picture_and_follows_it(browse, alpha, run_due):
    browser = browse(alpha)
    sent = browser.submit(NEW, {**GUEST, "files": [picture()]})
    assert sent.status_code == 303
    page = browser.get(sent.headers["Location"]).text
    assert "We have your request. Its number is #" in page
    assert "The lift is stuck" in page
    assert "/thumbnail" in page


def test_a_guests_name_may_be_left_out_and_the_tickets_language_is_the_pages(browse, alpha, in_tenant):
    browse(alpha).submit("/zh-hant/requests/new", GUEST, to="/zh-hant/requests/new")
    with in_tenant(alpha) as session:
        name, language = session.execute(
            text("SELECT c.name, t.language FROM ticket t JOIN customer c ON c.id = t.customer_id")
        ).one()
    assert (name, language) == ("guest", "zh_Hant")


def test_a_guest_must_fill_in_three_fields_and_a_customer_two(browse, customer_browser, alpha):
    assert browse(alpha).get(NEW).text.count(" required") == 3
    assert customer_browser(alpha).get(NEW).text.count(" required") == 2


def test_a_signed_in_customer_is_not_asked_who_they_are(customer_browser, alpha):
    browser = customer_browser(alpha, "mei@mail.example")
    sent = browser.submit(NEW, {"subject": "Late check-out", "body": "Until two?"})
    assert sent.status_code == 303
    assert "Late check-out" in browser.get("/en/requests").text


def test_articles_that_may_help_open_in_place(browse, alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        factories.article(session, title="Getting an invoice", body="Ask at the desk.")
    run_due()
    fragment = browse(alpha).fragment("/en/requests/suggestions?subject=invoice").text
    assert "<details" in fragment
    assert "Ask at the desk." in fragment


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"subject": ""}, "Say in a few words what it is about."),
        ({"subject": "   "}, "Say in a few words what it is about."),
        ({"subject": "x" * 200_000}, "Use at most 200 characters here"),
        ({"body": ""}, "Write a message."),
        ({"body": "y" * 60_000}, "A message has at most 50,000 characters."),
        ({"email": ""}, "Enter your e-mail address"),
        ({"email": "not an address"}, "Enter an e-mail address such as"),
        ({"website": "http://spam.example"}, "it is there to stop machines"),
        ({"files": [(io.BytesIO(b"MZ\x90\x00" + b"\x00" * 60), "photo.png")]}, "photo.png is not a picture"),
        ({"files": [(io.BytesIO(b"MZ\x90\x00" + b"\x00" * 60), "setup.exe")]}, "setup.exe is not a picture"),
        ({"files": [(io.BytesIO(b""), "empty.pdf")]}, "empty.pdf is empty"),
        ({"files": [(io.BytesIO(b"%PDF-" + b"0" * (30 * 1024 * 1024)), "big.pdf")]}, "big.pdf is larger than 20 MB"),
        ({"files": [(io.BytesIO(b"hello"), f"{n}.txt") for n in range(11)]}, "up to 10 files"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_cannot_be_sent_comes_back_as_typed_and_nothing_is_kept(browse, alpha, count_tickets, fields, said):
    answer = browse(alpha).submit(NEW, {**GUEST, **fields})
    assert answer.status_code == 422
    assert said in answer.text
    kept = {**GUEST, **fields}
    if len(kept["body"]) < 100:
        assert kept["body"] in answer.text
    assert count_tickets() == (0, 0, 0, 0)


@pytest.mark.parametrize("language", ["zh-hant", "zh-hans"])
def test_a_refusal_is_in_the_pages_language(browse, alpha, language):
    page = f"/{language}/requests/new"
    answer = browse(alpha).submit(page, {**GUEST, "subject": ""})
    assert answer.status_code == 422
    assert f'<html lang="{language[:3]}{language[3:].title()}"' in answer.text


def test_damaged_text_is_refused(browse, alpha, count_tickets):
    browser = browse(alpha)
    hidden = FormReader.hidden_fields(browser.get(NEW).text, NEW)
    assert browser.post(NEW, {**hidden, **GUEST, "body": "a\x00b"}).status_code == 400
    broken = browser.client.post(
        NEW, data=b"subject=%ff%fe&body=x", content_type="application/x-www-form-urlencoded", headers={"Host": browser.host}
    )
    assert broken.status_code == 400
    assert count_tickets() == (0, 0, 0, 0)


def test_a_form_without_its_token_is_refused(browse, alpha, count_tickets):
    answer = browse(alpha).post(NEW, GUEST)
    assert answer.status_code == 400
    assert "The page was open for too long" in answer.text
    assert count_tickets() == (0, 0, 0, 0)


def test_a_form_sent_twice_makes_one_request_and_leads_to_it(browse, alpha, count_tickets):
    browser = browse(alpha)
    hidden = FormReader.hidden_fields(browser.get(NEW).text, NEW)
    first = browser.post(NEW, {**hidden, **GUEST})
    again = browser.post(NEW, {**hidden, **GUEST})
    assert (first.status_code, again.status_code) == (303, 409)
    assert first.headers["Location"].partition("?")[0] in again.text
    assert count_tickets() == (1, 1, 1, 0)


def test_a_reply_sent_twice_is_kept_once(browse, alpha, make_request, count_tickets):
    page = page_of(make_request())
    browser = browse(alpha)
    hidden = FormReader.hidden_fields(browser.get(page).text, page)
    answers = [browser.post(page, {**hidden, "body": "More about it"}).status_code for _ in range(2)]
    assert answers == [303, 409]
    assert count_tickets()[1] == 2


def test_an_empty_reply_comes_back(browse, alpha, make_request):
    page = page_of(make_request())
    answer = browse(alpha).submit(page, {"body": " "})
    assert answer.status_code == 422
    assert "Write a message." in answer.text


def test_a_customer_sees_replies_and_never_an_internal_note(browse, alpha, make_request, answer):
    ticket = make_request()
    answer(ticket, commands.reply, body="We are on our way.")
    answer(ticket, commands.note, body="Guest was rude.")
    for path in (page_of(ticket), page_of(ticket) + "/conversation"):
        page = browse(alpha).get(path).text
        assert "We are on our way." in page
        assert "Waiting for you" in page
        assert "rude" not in page


def test_typed_markup_is_shown_and_not_obeyed(browse, alpha, make_request):
    page = browse(alpha).get(page_of(make_request(subject="<b>x</b>", body="<script>alert(1)</script>"))).text
    assert "<script>alert" not in page
    assert "<b>x</b>" not in page


def test_a_customer_solves_reopens_and_rates(browse, alpha, make_request):
    ticket = make_request()
    browser, page = browse(alpha), page_of(ticket)
    assert browser.submit(page, {}, to=f"{page}/solve").status_code == 303
    assert "How did we do?" in browser.get(page).text
    assert browser.submit(page, {}, to=f"{page}/reopen").status_code == 303
    assert "How did we do?" not in browser.get(page).text
    browser.submit(page, {}, to=f"{page}/solve")
    assert browser.submit(page, {"score": "4", "comment": "Fast"}, to=f"{page}/rate").status_code == 303
    assert "Change rating" in browser.get(page).text


def test_the_star_in_a_mail_chooses_but_does_not_rate(browse, alpha, make_request, answer, in_tenant):
    ticket = make_request()
    answer(ticket, commands.set_status, status=Status.SOLVED)
    page = browse(alpha).get(f"{page_of(ticket)}/rate?score=3").text
    assert 'value="3" checked' in page
    with in_tenant(alpha) as session:
        assert queries.by_public_id(session, ticket.public_id).rating is None


@pytest.mark.parametrize("score", ["0", "6", "x", "", "99999999999999999999"])
def test_a_rating_that_is_none_is_refused(browse, alpha, make_request, answer, score):
    ticket = make_request()
    answer(ticket, commands.set_status, status=Status.SOLVED)
    path = f"{page_of(ticket)}/rate"
    assert browse(alpha).submit(path, {"score": score}).status_code == 422


def test_a_request_that_is_not_solved_cannot_be_rated(browse, alpha, make_request):
    ticket = make_request()
    browser = browse(alpha)
    assert "once it is solved" in browser.get(f"{page_of(ticket)}/rate").text
    hidden = FormReader.hidden_fields(browser.get(page_of(ticket)).text, page_of(ticket))
    assert browser.post(f"{page_of(ticket)}/rate", {**hidden, "score": "5"}).status_code == 422


def test_a_closed_request_takes_no_reply_and_is_not_reopened(browse, alpha, make_request, answer):
    ticket = make_request()
    browser, page = browse(alpha), page_of(ticket)
    hidden = FormReader.hidden_fields(browser.get(page).text, page)
    answer(ticket, commands.set_status, status=Status.CLOSED)
    assert "This request is closed." in browser.get(page).text
    assert browser.post(page, {**hidden, "body": "Hello?"}).status_code == 422
    assert browser.post(f"{page}/reopen", hidden).status_code == 422


def test_a_file_is_sent_to_the_holder_of_the_link_and_to_nobody_elses_request(browse, alpha, make_request, run_due):
    browser = browse(alpha)
    sent = browser.submit(NEW, {**GUEST, "files": [picture()]}).headers["Location"].partition("?")[0]
    address = browser.get(sent).text.partition(f"{sent}/files/")[2].partition('"')[0]
    file = browser.get(f"{sent}/files/{address}")
    assert (file.status_code, file.mimetype) == (200, "image/png")
    assert "sandbox" in file.headers["Content-Security-Policy"]
    assert browser.get(f"{sent}/files/{address}/thumbnail").mimetype == "image/webp"
    assert browser.get(f"{page_of(make_request())}/files/{address}").status_code == 404


def test_a_file_on_an_internal_note_is_not_there(browse, alpha, make_request, answer):
    from kernel.files import Upload

    ticket = make_request()
    note = answer(ticket, commands.note, body="See this", uploads=[Upload("plan.txt", io.BytesIO(b"secret"))])
    with_file = f"{page_of(ticket)}/files/{_file_of(note, alpha)}"
    assert browse(alpha).get(with_file).status_code == 404


def _file_of(note, tenant):
    from kernel import database

    with database.transaction(tenant.stand) as session:
        return queries.message(session, note.id).files[0].public_id


@pytest.mark.parametrize("public_id", ["x", "1", "0b7c4a52-5d0e-4c3f-9a1b-3f6f2f3d8e11", "%00", "../../etc/passwd"])
def test_an_unknown_request_is_not_there(browse, alpha, public_id):
    assert browse(alpha).get(f"/en/requests/{public_id}").status_code in (400, 404)


def test_another_tenants_request_is_not_there(browse, alpha, beta, make_request):
    ticket = make_request()
    for path in ("", "/conversation", "/rate"):
        assert browse(beta).get(page_of(ticket) + path).status_code == 404


@pytest.mark.parametrize(("method", "path"), [("GET", "/solve"), ("GET", "/reopen"), ("PUT", ""), ("DELETE", "/rate")])
def test_a_wrong_method_is_refused_in_the_pages_language(browse, alpha, make_request, method, path):
    browser = browse(alpha)
    answer = browser.client.open(page_of(make_request(), "zh-hant") + path, method=method, headers={"Host": browser.host})
    assert answer.status_code == 405
    assert '<html lang="zh-Hant"' in answer.text


def test_the_list_is_for_those_who_are_signed_in_and_shows_only_their_own(browse, customer_browser, alpha, make_request):
    make_request(email="mei@mail.example", subject="Mine")
    make_request(email="tom@mail.example", subject="Somebody else's")
    assert browse(alpha).get("/en/requests").headers["Location"] == "/signin?next=/en/requests"
    page = customer_browser(alpha, "mei@mail.example").get("/en/requests").text
    assert "Mine" in page
    assert "Somebody else" not in page


def test_the_list_has_tabs_and_a_search_that_folds_both_scripts(customer_browser, alpha, make_request, answer):
    make_request(email="mei@mail.example", subject="會員點數")
    waiting = make_request(email="mei@mail.example", subject="Refund")
    answer(waiting, commands.reply, body="Which card?")
    browser = customer_browser(alpha, "mei@mail.example")
    assert "會員點數" in browser.get("/en/requests?q=会员").text
    assert "Refund" not in browser.get("/en/requests").text
    assert "Refund" in browser.get("/en/requests?tab=waiting").text


def test_the_list_goes_on_on_the_next_page(customer_browser, alpha, make_request):
    browser = customer_browser(alpha, "mei@mail.example")
    for number in range(23):
        make_request(email="mei@mail.example", subject=f"Request no {number}")
    browser = customer_browser(alpha, "mei@mail.example")
    first = browser.get("/en/requests").text
    assert first.count('class="request-row"') == 20
    older = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert browser.get(older).text.count('class="request-row"') == 3


@pytest.mark.parametrize(
    ("query", "status"), [("tab=x", 404), ("before=yesterday", 400), ("before=2026-01-01", 400), ("q=%25", 200)]
)
def test_an_odd_list_is_answered(customer_browser, alpha, query, status):
    assert customer_browser(alpha).get(f"/en/requests?{query}").status_code == status


def test_a_longer_list_costs_no_more_statements(customer_browser, alpha, make_request, count_statements):
    def cost():
        browser = customer_browser(alpha, "mei@mail.example")
        browser.get("/en/requests")
        with count_statements() as seen:
            browser.get("/en/requests")
        return len(seen)

    make_request(email="mei@mail.example")
    before = cost()
    for _ in range(5):
        make_request(email="mei@mail.example")
    assert cost() == before


def test_a_longer_conversation_costs_no_more_statements(browse, alpha, make_request, answer, count_statements):
    ticket = make_request()

    def cost():
        browser = browse(alpha)
        browser.get(page_of(ticket))
        with count_statements() as seen:
            browser.get(page_of(ticket))
        return len(seen)

    before = cost()
    for number in range(4):
        answer(ticket, commands.reply, body=f"Answer {number}")
    assert cost() == before


def test_everything_wrong_with_a_guests_form_is_said_at_once(browse, alpha):
    form = {"subject": "Late check-out", "body": "", "email": "nonsense"}
    answer = browse(alpha).submit("/en/requests/new", form)
    assert answer.status_code == 422
    assert "Write a message." in answer.text
    assert "Enter an e-mail address such as" in answer.text
    assert 'value="nonsense"' in answer.text


@pytest.fixture
def refunds(in_tenant, alpha, run_due):
    """An article about refunds in each language, found by the index."""
    with in_tenant(alpha) as session:
        english = factories.article(session, title="Getting a refund", body="Open the order and press Refund.")
        chinese = factories.article(session, title="如何退款", body="打开订单，点退款。", language="zh_Hans")
    run_due()
    return english, chinese


@pytest.fixture
def questions(in_tenant, alpha):
    def rows():
        with in_tenant(alpha) as session:
            query = "SELECT typed, face, next_step, article_id FROM question ORDER BY id"
            return [tuple(row) for row in session.execute(text(query))]

    return rows


@pytest.mark.parametrize(("language", "typed"), [("zh-hans", "退"), ("zh-hans", "退款"), ("en", "re"), ("en", "refund")])
def test_p07_one_chinese_character_or_two_letters_of_the_subject_bring_an_article(browse, alpha, refunds, language, typed):
    fragment = browse(alpha).fragment(f"/{language}/requests/suggestions?subject={typed}").text
    assert fragment.count("<details") >= 1
    assert "Did this solve it?" in fragment or "这篇文章解决您的问题了吗？" in fragment


def test_p07_at_most_three_articles_are_suggested(browse, alpha, in_tenant, run_due):
    with in_tenant(alpha) as session:
        for _ in range(5):
            factories.article(session, title="Refund")
    run_due()
    assert browse(alpha).fragment("/en/requests/suggestions?subject=refund").text.count("<details") == 3


def test_p07_yes_sends_no_request_and_counts_one_deflection(browse, alpha, refunds, questions, count_tickets):
    browser, before = browse(alpha), count_tickets()
    for typed in ("re", "refu", "refund"):
        browser.fragment(f"/en/requests/suggestions?subject={typed}")
    answer = browser.submit(NEW, {"article": refunds[0].id}, to="/en/requests/solved")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/en/")
    assert "Nothing was sent." in browser.get("/en/").text
    assert questions() == [("refund", "request", "solved", refunds[0].id)]
    assert count_tickets() == before


def test_p07_no_goes_on_and_what_is_sent_is_counted_as_not_helped(browse, alpha, refunds, questions):
    browser = browse(alpha)
    browser.fragment("/en/requests/suggestions?subject=refund")
    assert browser.submit(NEW, {**GUEST, "subject": "refund"}).status_code == 303
    assert questions() == [("refund", "request", "asked", None)]


def test_p07_without_scripts_the_articles_come_with_the_refused_form(browse, alpha, refunds):
    answer = browse(alpha).submit(NEW, {**GUEST, "subject": "refund", "body": ""})
    assert answer.status_code == 422
    assert "Open the order and press Refund." in answer.text
    assert 'href="/en/search"' in answer.text


@pytest.mark.parametrize("given", [{}, {"article": ""}, {"article": "x"}, {"article": "-1"}, {"article": "9" * 30}])
def test_a_yes_to_no_article_is_refused(browse, alpha, given):
    assert browse(alpha).submit(NEW, given, to="/en/requests/solved").status_code == 422


def test_a_yes_to_an_article_that_the_reader_may_not_see_is_not_found(browse, alpha, in_tenant):
    with in_tenant(alpha) as session:
        draft = factories.article(session, status="draft")
    assert browse(alpha).submit(NEW, {"article": draft.id}, to="/en/requests/solved").status_code == 404
