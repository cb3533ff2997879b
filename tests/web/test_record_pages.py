"""The common pages of records, tried on customers: the URL is the view, nothing typed is lost, files hold the list."""

import csv
import io
import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import openpyxl
import pytest
from sqlalchemy import select

from kernel.clock import now
from kernel.events import Event
from kernel.settings import PROJECT
from tenants.permissions import Role
from tests import factories

LIST = "/desk/customers"


@pytest.fixture
def customers(alpha, in_tenant):
    """`customers("Ann", {"name": "Bo", "tags": ["vip"]})` writes them down and returns their ids."""

    def make(*given):
        with in_tenant(alpha) as session:
            facts = [{"name": one} if isinstance(one, str) else one for one in given]
            return [factories.customer(session, **one).id for one in facts]

    return make


def names(answer) -> list[str]:
    """The titles of the rows, in their order."""
    return re.findall(r'<th scope="row" class="main"><a href="[^"]*">([^<]*)</a>', answer.text)


def link(answer, rel: str) -> str:
    found = re.search(rf'href="([^"]*)" rel="{rel}"', answer.text)
    return found.group(1).replace("&amp;", "&") if found else ""


def test_a_list_shows_its_rows_in_the_order_of_their_names_pinyin_included(alpha, staff_browser, customers):
    customers("Zoe", "陈美玲", "Amy", "王芳")
    assert names(staff_browser(alpha).get(LIST)) == ["Amy", "陈美玲", "王芳", "Zoe"]


def test_a_list_is_narrowed_by_words_in_either_script(alpha, staff_browser, customers):
    customers("陳美玲", "Zoe")
    assert names(staff_browser(alpha).get(f"{LIST}?q=陈")) == ["陳美玲"]


def test_filters_of_different_fields_must_all_hold(alpha, staff_browser, customers):
    customers({"name": "A", "tags": ["vip"], "language": "en"}, {"name": "B", "tags": ["vip"], "language": "zh_Hant"}, "C")
    browser = staff_browser(alpha)
    assert names(browser.get(f"{LIST}?tags=vip")) == ["A", "B"]
    assert names(browser.get(f"{LIST}?tags=vip&language=zh_Hant&language=zh_Hans")) == ["B"]
    today = now().date().isoformat()
    assert names(browser.get(f"{LIST}?created_at_from={today}&tags=vip&language=en")) == ["A"]


def test_blank_filters_as_forms_send_them_filter_nothing(alpha, staff_browser, customers):
    customers("A")
    assert names(staff_browser(alpha).get(f"{LIST}?q=&tags=&organisation=&created_at_from=&created_at_to=")) == ["A"]


def test_a_filter_in_force_is_shown_with_the_way_out_of_it(alpha, staff_browser, customers):
    customers({"name": "A", "tags": ["vip"]})
    page = staff_browser(alpha).get(f"{LIST}?tags=vip&sort=-name").text
    assert 'href="/desk/customers?sort=-name" aria-label="Remove the filter Tags"' in page


@pytest.mark.parametrize(
    "query", ["sort=nothing", "sort=password_hash", "sort=", "password_hash=x", "column=password_hash", "view=x"]
)
def test_names_that_a_list_does_not_know_are_passed_over(alpha, staff_browser, customers, query):
    customers("A")
    answer = staff_browser(alpha).get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert names(answer) == ["A"]


@pytest.mark.parametrize(
    "query",
    [
        "after=garbage",
        "before=%25%25",
        "after=W10",
        "language=klingon",
        "created_at_from=yesterday",
        "created_at_to=9999-12-31",
        "q=%00",
        "tags=%ff",
    ],
)
def test_values_that_a_list_cannot_read_are_a_bad_request(alpha, staff_browser, customers, query):
    customers("A")
    assert staff_browser(alpha).get(f"{LIST}?{query}").status_code == 400


def test_next_and_previous_lead_through_a_long_list_and_back(alpha, staff_browser, customers):
    customers(*[{"name": "Same name", "email": f"c{number}@mail.example"} for number in range(120)])
    browser = staff_browser(alpha)
    first = browser.get(f"{LIST}?column=email")
    second = browser.get(link(first, "next"))
    third = browser.get(link(second, "next"))
    mails = [re.findall(r'mailto:([^"]*)"', page.text) for page in (first, second, third)]
    assert [len(page) for page in mails] == [50, 50, 20]
    assert len({mail for page in mails for mail in page}) == 120
    assert link(third, "next") == "" == link(first, "prev")
    assert re.findall(r'mailto:([^"]*)"', browser.get(link(third, "prev")).text) == mails[1]


def test_a_heading_sorts_and_sorts_back(alpha, staff_browser, customers):
    customers("A", "B")
    browser = staff_browser(alpha)
    assert 'aria-sort="ascending"><a href="/desk/customers?sort=-name"' in browser.get(LIST).text
    assert names(browser.get(f"{LIST}?sort=-name")) == ["B", "A"]


def test_the_address_chooses_the_columns(alpha, staff_browser, customers):
    customers({"name": "A", "email": "a@mail.example", "organisation": "Lakeside"})
    page = staff_browser(alpha).get(f"{LIST}?column=organisation").text
    table = page[page.index("<thead>") : page.index("</table>")]
    assert "Lakeside" in table
    assert "a@mail.example" not in table


@pytest.mark.parametrize("count", [1, 40])
def test_a_list_costs_the_same_few_statements_however_long_it_is(alpha, staff_browser, customers, count_statements, count):
    customers(*[{"name": f"C{number}", "tags": ["x"]} for number in range(count)])
    browser = staff_browser(alpha)
    with count_statements() as statements:
        browser.get(f"{LIST}?tags=x&sort=-updated_at")
    own = [one for one in statements if re.search(r"FROM (\(SELECT )?(customer|saved_view)\b", one.replace("\n", " "))]
    assert len(own) == 3
    assert len(statements) <= 6 + 4  # the frame's own four: the sign-in, the member, the inbox's count, the bell


def test_a_fragment_is_the_list_without_its_page(alpha, staff_browser, customers):
    customers("A")
    answer = staff_browser(alpha).get(
        f"{LIST}?q=A", **{"HX-Request": "true", "HX-Request-Type": "partial", "HX-Source": "input#quick-search"}
    )
    assert answer.text.lstrip().startswith("<div")
    assert names(answer) == ["A"]
    assert answer.headers["HX-Push-Url"] == f"{LIST}?q=A"


def test_what_a_role_may_not_see_is_masked_on_the_page(alpha, staff_browser, customers):
    (customer_id,) = customers({"name": "A", "notes": "Owes us money"})
    viewer, agent = staff_browser(alpha, Role.VIEWER), staff_browser(alpha, Role.AGENT)
    assert "Owes us money" in agent.get(f"{LIST}/{customer_id}").text
    page = viewer.get(f"{LIST}/{customer_id}").text
    assert "Owes us money" not in page
    assert "•••" in page
    assert "Owes us money" not in viewer.get(f"{LIST}?column=notes").text


def test_a_form_gives_back_what_was_typed_with_the_error_beside_the_field(alpha, staff_browser):
    typed = {"name": "Ann Lee", "email": "not an address", "language": "en", "notes": "Prefers calls"}
    answer = staff_browser(alpha).submit(f"{LIST}/new", typed)
    assert answer.status_code == 422
    assert 'value="Ann Lee"' in answer.text
    assert 'value="not an address"' in answer.text
    assert "Prefers calls" in answer.text
    assert re.search(r'id="email-error".*?Enter an e-mail address such as', answer.text, re.S)


def test_an_empty_name_and_a_choice_that_is_none_are_refused(alpha, staff_browser):
    answer = staff_browser(alpha).submit(f"{LIST}/new", {"name": " ", "language": "klingon"})
    assert answer.status_code == 422
    assert 'id="name-error"' in answer.text
    assert 'id="language-error"' in answer.text


def test_a_new_record_is_written_and_shown(alpha, staff_browser):
    browser = staff_browser(alpha)
    typed = {"name": "Ann Lee", "email": "ann@mail.example", "language": "zh_Hant", "tags": "vip， 海景, vip"}
    answer = browser.submit(f"{LIST}/new", typed)
    assert answer.status_code == 303
    page = browser.get(answer.headers["Location"]).text
    for shown in ("Ann Lee", "ann@mail.example", "繁體中文", "海景", "Agent of alpha added this customer"):
        assert shown in page


def test_a_link_to_a_new_record_fills_its_form_in(alpha, staff_browser):
    page = staff_browser(alpha).get(f"{LIST}/new?name=Ann&language=zh_Hans&version=7").text
    assert 'value="Ann"' in page
    assert '<option selected value="zh_Hans">' in page


def test_a_stale_edit_keeps_both_texts_and_saving_again_decides(alpha, staff_browser, customers):
    (customer_id,) = customers({"name": "Ann", "organisation": "Old"})
    address = f"{LIST}/{customer_id}/edit"
    slow, quick = staff_browser(alpha), staff_browser(alpha, Role.MANAGER)
    opened = slow.get(address).text
    version = re.search(r'name="version"[^>]*value="(\d+)"', opened).group(1)
    quick.submit(address, {"name": "Ann", "organisation": "Theirs", "language": "en"})
    mine = {"name": "Ann", "organisation": "Mine", "language": "en"}
    answer = slow.submit(address, {**mine, "version": version})
    assert answer.status_code == 409
    assert 'value="Mine"' in answer.text
    assert "<dd>Theirs</dd>" in answer.text
    renewed = re.search(r'name="version"[^>]*value="(\d+)"', answer.text).group(1)
    assert slow.submit(address, {**mine, "version": renewed}).status_code == 303
    assert "Mine" in slow.get(f"{LIST}/{customer_id}").text


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30])
def test_a_version_that_is_none_is_stale_not_an_error(alpha, staff_browser, customers, version):
    (customer_id,) = customers("Ann")
    answer = staff_browser(alpha).submit(f"{LIST}/{customer_id}/edit", {"name": "B", "language": "en", "version": version})
    assert answer.status_code == 409


def send_bulk(browser, ids, action, value="", path=LIST):
    return browser.submit(LIST, {"ids": ids, "action": action, f"value-{action}": value}, to=f"{path}/bulk")


def test_a_bulk_action_changes_the_rows_picked_and_says_how_many(alpha, staff_browser, customers):
    first, second, _third = customers("A", "B", "C")
    browser = staff_browser(alpha)
    answer = send_bulk(browser, [first, second], "add_tag", "vip")
    assert answer.status_code == 303
    assert "2 done." in browser.get(LIST).text
    assert names(browser.get(f"{LIST}?tags=vip")) == ["A", "B"]


def test_a_field_declared_for_it_can_be_set_in_bulk(alpha, staff_browser, customers):
    ids = customers("A", "B")
    browser = staff_browser(alpha)
    send_bulk(browser, ids, "language", "zh_Hant")
    assert names(browser.get(f"{LIST}?language=zh_Hant")) == ["A", "B"]


def test_rows_of_nobody_are_neither_changed_nor_counted(alpha, beta, staff_browser, customers, in_tenant):
    (mine,) = customers("A")
    with in_tenant(beta) as session:
        theirs = factories.customer(session, name="B").id + 0
    browser = staff_browser(alpha)
    send_bulk(browser, [mine, theirs + 10_000_000], "add_tag", "vip")
    assert "1 done." in browser.get(LIST).text


@pytest.mark.parametrize(
    ("ids", "action", "value", "status"),
    [
        ([], "add_tag", "vip", 422),
        (["x", "-1", "9" * 40], "add_tag", "vip", 422),
        ([str(number) for number in range(201)], "add_tag", "vip", 422),
        (["1"], "add_tag", "  ", 422),
        (["1"], "language", "klingon", 400),
        (["1"], "explode", "", 403),
    ],
)
def test_a_bulk_action_that_makes_no_sense_is_refused(alpha, staff_browser, customers, ids, action, value, status):
    customers("A")
    assert send_bulk(staff_browser(alpha), ids, action, value).status_code == status


def test_who_may_not_write_has_no_bulk_actions_and_no_form(alpha, staff_browser, customers):
    (customer_id,) = customers("A")
    viewer = staff_browser(alpha, Role.VIEWER)
    page = viewer.get(LIST).text
    assert "data-bulk" not in page
    assert f"{LIST}/new" not in page
    assert send_bulk(viewer, [customer_id], "add_tag", "vip").status_code == 403
    assert viewer.get(f"{LIST}/new").status_code == 403


def read_csv(answer) -> list[list[str]]:
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_an_export_reads_back_as_what_the_list_holds(alpha, staff_browser, customers):
    customers({"name": "陈美玲", "tags": ["vip", "海景"], "language": "zh_Hant"}, {"name": "Bo", "tags": ["vip"]}, "C")
    manager = staff_browser(alpha, Role.MANAGER)
    lines = read_csv(manager.get(f"{LIST}/export.csv?tags=vip"))
    assert [line[0] for line in lines] == ["Name", "Bo", "陈美玲"]
    assert lines[2][4:6] == ["繁體中文", "vip, 海景"]
    sheet = openpyxl.load_workbook(io.BytesIO(manager.get(f"{LIST}/export.xlsx?tags=vip").data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert [row[0] for row in rows] == ["Name", "Bo", "陈美玲"]
    assert isinstance(rows[1][-1], datetime)


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠SUM(A1)"]


@pytest.mark.parametrize("text", FORMULAS)
def test_nothing_in_an_export_is_a_formula(alpha, staff_browser, customers, text):
    customers({"name": text})
    manager = staff_browser(alpha, Role.MANAGER)
    assert read_csv(manager.get(f"{LIST}/export.csv"))[1][0] == f"'{text}"
    cell = openpyxl.load_workbook(io.BytesIO(manager.get(f"{LIST}/export.xlsx").data)).active["A2"]
    assert (cell.value, cell.data_type) == (text, "s")


def test_a_page_can_be_exported_by_itself(alpha, staff_browser, customers):
    customers(*[f"C{number:03}" for number in range(60)])
    manager = staff_browser(alpha, Role.MANAGER)
    after = parse_qs(urlsplit(link(manager.get(LIST), "next")).query)["after"][0]
    assert len(read_csv(manager.get(f"{LIST}/export.csv"))) == 61
    assert [line[0] for line in read_csv(manager.get(f"{LIST}/export.csv?rows=page&after={after}"))][1:] == [
        f"C{number:03}" for number in range(50, 60)
    ]


def test_an_export_needs_its_permission_and_leaves_a_line_in_the_audit_trail(alpha, staff_browser, customers, in_tenant):
    customers("A")
    assert staff_browser(alpha, Role.AGENT).get(f"{LIST}/export.csv").status_code == 403
    assert "export.csv" not in staff_browser(alpha, Role.AGENT).get(LIST).text
    staff_browser(alpha, Role.MANAGER).get(f"{LIST}/export.csv?q=A")
    with in_tenant(alpha) as session:
        event = session.scalars(select(Event).where(Event.name == "records.exported")).one()
    assert event.actor_name == "Manager of alpha"
    assert event.data == {"record_type": "customer", "format": "csv", "query": "q=A", "rows": 1}


def test_a_format_that_we_do_not_write_is_not_found(alpha, staff_browser):
    assert staff_browser(alpha, Role.MANAGER).get(f"{LIST}/export.exe").status_code == 404


def save_view(browser, name, query, **more):
    return browser.submit(LIST, {"name": name, "next": f"{LIST}?{query}", **more}, to=f"{LIST}/views")


def test_a_saved_view_is_ones_own_unless_shared(alpha, staff_browser, customers):
    customers("A")
    agent, manager = staff_browser(alpha, Role.AGENT), staff_browser(alpha, Role.MANAGER)
    save_view(agent, "Mine alone", "tags=vip")
    save_view(agent, "For everybody", "tags=gold", shared="on")
    assert "Mine alone" in agent.get(LIST).text
    page = manager.get(LIST).text
    assert "Mine alone" not in page
    assert 'href="?tags=gold"' in page
    assert "For everybody" in page


def test_a_view_is_deleted_by_those_who_see_it_only(alpha, staff_browser, customers):
    agent, manager = staff_browser(alpha, Role.AGENT), staff_browser(alpha, Role.MANAGER)
    save_view(agent, "Mine alone", "tags=vip")
    address = re.search(r'action="([^"]*/views/\d+/delete)"', agent.get(f"{LIST}?tags=vip").text).group(1)
    assert manager.submit(LIST, {}, to=address).status_code == 404
    assert agent.submit(LIST, {}, to=address).status_code == 303
    assert "Mine alone" not in agent.get(LIST).text


def test_the_teams_view_is_deleted_by_those_who_may_share_one(alpha, staff_browser, customers):
    agent, viewer = staff_browser(alpha), staff_browser(alpha, Role.VIEWER)
    save_view(agent, "For everybody", "tags=gold", shared="on")
    page = agent.get(f"{LIST}?tags=gold").text
    address = re.search(r'action="([^"]*/views/\d+/delete)"', page).group(1)
    assert address not in viewer.get(f"{LIST}?tags=gold").text
    assert viewer.submit(LIST, {}, to=address).status_code == 403
    assert agent.submit(LIST, {}, to=address).status_code == 303


@pytest.mark.parametrize(("name", "query"), [(" ", "tags=vip"), ("Too long", "q=" + "x" * 3000)])
def test_a_view_without_a_name_or_of_too_many_filters_is_refused(alpha, staff_browser, name, query):
    assert save_view(staff_browser(alpha), name, query).status_code == 422


def test_a_second_tenant_sees_none_of_it(alpha, beta, staff_browser, customers):
    (customer_id,) = customers({"name": "Alpha's own", "tags": ["vip"]})
    save_view(staff_browser(alpha), "Alpha's view", "tags=vip", shared="on")
    stranger = staff_browser(beta, Role.ADMIN)
    assert "Alpha" not in stranger.get(f"{LIST}?tags=vip").text
    assert "Alpha" not in stranger.get(f"{LIST}/export.csv").text
    assert stranger.get(f"{LIST}/{customer_id}").status_code == 404
    assert stranger.get(f"{LIST}/{customer_id}/edit").status_code == 404


def test_a_record_type_costs_at_most_eight_files_and_three_lines_elsewhere():
    """docs/adding-a-record-type.md promises it; customers are the example that it follows."""
    files = {
        *(PROJECT / "infra/migrations/tenant").glob("*_customers.py"),
        *(PROJECT / "crm/customers").glob("*.py"),
        *(PROJECT / "backoffice").rglob("*customer*"),
        *(PROJECT / "tests").rglob("*customer*.py"),
    }
    assert 6 <= len(files) <= 8, sorted(map(str, files))
    lines = [
        line
        for path in ("backoffice/app.py", "backoffice/navigation.py", "tenants/permissions.py")
        for line in (PROJECT / path).read_text("utf-8").splitlines()
        if re.search(r"customers\b|CUSTOMER_READ, CUSTOMER_WRITE =", line)
    ]
    assert len(lines) == 3, lines
