"""One request is one transaction, and damaged input is turned away before anything is read."""

import pytest

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("path", ["/?a=%00", "/?%00=a", "/?a=%ff", "/?a=%e4%b8", "/%ff"])
def test_an_address_with_nul_or_broken_utf_8_is_refused(house, browse, path):
    assert browse(None).get(path).status_code == 400


@pytest.mark.parametrize("body", [b"email=%ff", b"email=%00", b"email=\xff", b"%ff=a", b"email=%ed%a0%80"])
def test_a_form_with_nul_or_broken_utf_8_is_refused(house, browse, body):
    browser = browse(None)
    answer = browser.client.post("/ops/signin", data=body, content_type=FORM, headers={"Host": browser.host})
    assert answer.status_code == 400


def test_text_of_every_script_is_not_damaged(house, browse):
    assert browse(None).get("/?a=%E9%80%80%E6%AC%BE%F0%9F%98%80&b=100%25").status_code == 200


def test_every_answer_carries_the_number_to_quote(house, browse):
    answer = browse(None).get("/")
    assert len(answer.headers["X-Request-Id"]) == 32
