import pytest

from tenants.permissions import Role
from tests import factories


def test_the_frame_names_the_rooms_and_counts_what_is_unsolved(staff_browser, in_tenant, alpha):
    agent = staff_browser(alpha)
    with in_tenant(alpha) as session:
        for _ in range(3):
            factories.ticket(session)
    page = agent.get("/desk/bell").text
    for address in ('href="/desk/"', 'href="/desk/customers"', 'href="/desk/articles"', 'href="/desk/tickets/new"'):
        assert address in page
    assert '<span class="count">3</span>' in page
    assert 'data-key="g i"' in page


@pytest.mark.parametrize("address", ["/desk/", "/desk/customers", "/desk/articles", "/desk/bell", "/desk/me"])
def test_every_room_of_the_side_bar_opens(staff_browser, alpha, address):
    assert staff_browser(alpha).get(address).status_code == 200


def test_the_room_somebody_is_in_is_marked(staff_browser, in_tenant, alpha):
    agent = staff_browser(alpha)
    with in_tenant(alpha) as session:
        number = factories.ticket(session).number
    page = agent.get(f"/desk/tickets/{number}").text
    assert '<a href="/desk/" aria-current="page"' in page


def test_a_viewer_is_offered_no_new_ticket(staff_browser, alpha):
    assert "/desk/tickets/new" not in staff_browser(alpha, Role.VIEWER).get("/desk/bell").text


def test_a_fragment_reads_no_counts_that_it_does_not_show(staff_browser, in_tenant, alpha, count_statements):
    agent = staff_browser(alpha)
    with in_tenant(alpha) as session:
        number = factories.ticket(session).number
    with count_statements() as seen:
        agent.fragment(f"/desk/tickets/{number}/live")
    assert not any("bell_item" in statement and "count" in statement for statement in seen)
