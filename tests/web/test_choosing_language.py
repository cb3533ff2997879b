"""Where no address names a language, a visitor chooses one: at the staff's sign-in and on the platform's pages."""

import pytest


@pytest.mark.parametrize(("prefix", "page"), [("", "/signup"), ("/desk", "/desk/signin")])
@pytest.mark.parametrize(("path", "tag"), [("zh-hant", "zh-Hant"), ("zh-hans", "zh-Hans"), ("en", "en")])
def test_a_chosen_language_is_spoken_from_then_on(alpha, browse, prefix, page, path, tag):
    visitor = browse(alpha if prefix else None)
    assert f'href="{prefix}/language/{path}?next={page}"' in visitor.get(page).text
    assert visitor.get(f"{prefix}/language/{path}?next={page}").location == page
    assert f'lang="{tag}"' in visitor.get(page).text.partition(">")[2].partition(">")[0]


@pytest.mark.parametrize("prefix", ["", "/desk"])
def test_the_door_leads_nowhere_else(alpha, browse, prefix):
    visitor = browse(alpha if prefix else None)
    assert visitor.get(f"{prefix}/language/fr").status_code == 404
    for elsewhere in ("//evil.example", "https://evil.example/", "/\\evil.example"):
        assert visitor.get(f"{prefix}/language/en?next={elsewhere}").location == "/"
