"""The house's own settings at the desk, and what the portal makes of them: branding, domain, languages, modules."""

import html
import io
import re

import pytest
from PIL import Image

from tenants import registry
from tenants.permissions import Role
from tests import factories


@pytest.fixture
def admin(staff_browser, omega):
    return staff_browser(omega, Role.ADMIN)


@pytest.fixture
def visitor(browse, omega):
    return browse(omega)


def picture(name="logo.png", color="#b91c1c"):
    out = io.BytesIO()
    Image.new("RGB", (400, 100), color).save(out, "PNG")
    return io.BytesIO(out.getvalue()), name


BRAND = {"name": "Omega & Söhne", "color": "#facc15", "layout": "compact", "phone": "+44 20 7946 0000", "theme": "light"}


def test_branding_shows_on_the_portal_at_once(admin, visitor):
    form = {**BRAND, "label_0": "Our shop", "url_0": "https://shop.example/", "footer_en": "Open daily"}
    answer = admin.submit("/desk/settings/branding", {**form, "logo_light": picture()})
    assert answer.status_code == 303, answer.text
    page = visitor.get("/en/").text
    for text in ("Omega &amp; Söhne", "home-compact", "Our shop", "https://shop.example/", "Open daily", "+44 20 7946 0000"):
        assert text in page
    logo = html.unescape(re.search(r'src="(/brand/logo[^"]+)"', page)[1])
    answer = visitor.get(logo)
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_log_tells_in_words_what_was_changed_about_the_looks(admin):
    admin.submit("/desk/settings/branding", {**BRAND, "label_0": "Our shop", "url_0": "/en/", "logo_dark": picture()})
    admin.submit("/desk/settings/branding", {**BRAND, "layout": "banner"})
    page = admin.get("/desk/settings/audit?what=tenant").text
    assert "Compact: everything at a glance, subjects as a list → Banner" in page
    assert "Our shop → –" in page
    assert "sha256" not in page


def test_the_logo_of_one_tenant_is_at_no_other(admin, visitor, browse, alpha):
    admin.submit("/desk/settings/branding", {**BRAND, "logo_light": picture()})
    logo = html.unescape(re.search(r'src="(/brand/logo[^"]+)"', visitor.get("/en/").text)[1])
    assert browse(alpha).get(logo).status_code == 404


def test_a_refused_form_comes_back_as_typed(admin):
    answer = admin.submit("/desk/settings/branding", {**BRAND, "label_0": "Shop", "url_0": "javascript:alert(1)"})
    assert answer.status_code == 422
    assert "begins with https:// or with /" in answer.text
    assert "javascript:alert(1)" in answer.text
    assert "Omega &amp; Söhne" in answer.text


def test_a_drawing_is_no_logo(admin):
    upload = (io.BytesIO(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "logo.svg")
    answer = admin.submit("/desk/settings/branding", {**BRAND, "logo_dark": upload})
    assert answer.status_code == 422
    assert "logo.svg is not a PNG, JPEG or WebP picture" in answer.text


def test_a_stale_edit_is_a_conflict_and_keeps_what_was_typed(admin):
    opened = admin.get("/desk/settings/branding").text
    hidden = {name: re.search(rf'name="{name}"[^>]*value="([^"]+)"', opened)[1] for name in ("version", "csrf_token")}
    admin.submit("/desk/settings/branding", BRAND)
    answer = admin.post("/desk/settings/branding", {**BRAND, "name": "Mine", **hidden})
    assert answer.status_code == 409
    assert 'value="Mine"' in answer.text
    assert registry.find("omega").name == "Omega & Söhne"


def preview_of(answer):
    return html.unescape(re.search(r'src="(/en/preview[^"]+)"', answer.text)[1])


def test_the_preview_shows_what_is_not_saved_yet_in_both_themes(admin, visitor):
    for theme in ("light", "dark"):
        form = {**BRAND, "theme": theme, "label_0": "Our shop", "url_0": "/en/"}
        answer = admin.submit("/desk/settings/branding", form, to="/desk/settings/branding/preview")
        assert "We use a darker one" in answer.text
        page = visitor.get(preview_of(answer))
        assert page.status_code == 200
        assert f'data-bs-theme="{theme}"' in page.text
        assert "Our shop" in page.text
        assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "SAMEORIGIN"
        assert page.headers["X-Robots-Tag"] == "noindex"
        css = html.unescape(re.search(r'href="(/brand.css\?draft[^"]+)"', page.text)[1])
        assert "--brand:" in visitor.get(css).text
    assert "Our shop" not in visitor.get("/en/").text


def test_without_scripts_a_button_shows_the_preview_and_saves_nothing(admin):
    answer = admin.submit("/desk/settings/branding", {**BRAND, "preview": "yes"})
    assert answer.status_code == 200
    assert "/en/preview" in answer.text
    assert registry.find("omega").name == "Omega Catering"


def test_a_draft_that_nobody_signed_and_one_of_another_house_are_not_found(admin, browse, visitor, alpha):
    draft = preview_of(admin.submit("/desk/settings/branding", BRAND, to="/desk/settings/branding/preview"))
    assert browse(alpha).get(draft).status_code == 404
    assert visitor.get("/en/preview?draft=nonsense").status_code == 404
    assert visitor.get(draft[:-2]).status_code == 404


def test_every_other_page_still_refuses_to_be_framed(visitor):
    answer = visitor.get("/en/")
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_the_domain_page_says_which_records_to_set(admin):
    assert admin.submit("/desk/settings/domain", {"host": "help.omega.example"}).status_code == 303
    page = admin.get("/desk/settings/domain").text
    for text in ("help.omega.example", "CNAME", "omega.localhost", "_frontdesk.help.omega.example", "frontdesk-verification="):
        assert text in page
    assert "Pending" in page
    assert 'hx-trigger="every 5s"' in admin.fragment("/desk/settings/domain").text
    place, form = "/desk/settings/domain", {"host": "help.omega.example"}
    assert admin.submit(place, form, to=f"{place}/primary").status_code == 409
    assert admin.submit(place, form, to=f"{place}/check").status_code == 303
    assert admin.submit(place, form, to=f"{place}/remove").status_code == 303
    assert admin.submit(place, form, to=f"{place}/remove").status_code == 404


@pytest.mark.parametrize(("host", "status"), [("not a domain", 422), ("x.localhost", 409), ("", 422)])
def test_a_domain_that_cannot_be_is_refused_as_typed(admin, host, status):
    answer = admin.submit("/desk/settings/domain", {"host": host})
    assert answer.status_code == status
    assert f'value="{host}"' in answer.text


LANGUAGES = {"languages": ["zh_Hant", "en"], "first": "zh_Hant", "time_zone": "Asia/Taipei"}


def test_the_portal_speaks_the_languages_offered_and_no_other(admin, visitor, browse, omega):
    assert admin.submit("/desk/settings/languages", LANGUAGES).status_code == 303
    page = visitor.get("/en/").text
    assert 'hreflang="zh-Hant"' in page
    assert "zh-Hans" not in page
    assert visitor.get("/zh-hans/a/1?x=1").headers["Location"] == "/en/a/1?x=1"
    simplified = browse(omega, "zh-CN")
    assert simplified.get("/").headers["Location"] == "/zh-hant/"
    assert simplified.get("/language/zh-hans").headers["Location"] == "/zh-hant/"


def test_the_desk_speaks_to_each_member_whatever_the_portal_offers(admin):
    admin.submit("/desk/settings/languages", {"languages": ["en"], "first": "en", "time_zone": "UTC"})
    admin.submit("/desk/me", {"language": "zh_Hans"}, to="/desk/me/language")
    assert "设置" in admin.get("/desk/settings/").text


def test_a_customers_account_offers_the_languages_of_the_house(admin, customer_browser, omega):
    admin.submit("/desk/settings/languages", LANGUAGES)
    page = customer_browser(omega).get("/account").text
    assert "繁體中文" in page
    assert "简体中文" not in page


def test_at_least_one_language_stays(admin):
    answer = admin.submit("/desk/settings/languages", {**LANGUAGES, "languages": []})
    assert answer.status_code == 422
    assert "at least one language" in answer.text


def switch(admin, *on):
    assert admin.submit("/desk/settings/modules", {"on": list(on)}).status_code == 303


def test_a_module_that_is_off_is_gone_from_both_faces_and_back_with_its_data(admin, visitor, omega, in_tenant):
    with in_tenant(omega) as session:
        article = factories.article(session, title="How to order")
    path = f"/en/a/{article.id}-how-to-order"
    assert visitor.get(path).status_code == 200
    switch(admin, "requests", "customers")
    for gone in (path, "/en/search?q=order", f"/en/c/{article.category_id}"):
        assert visitor.get(gone).status_code == 404
    for gone in ("/desk/articles", "/desk/categories", f"/desk/articles/{article.id}"):
        assert admin.get(gone).status_code == 404
    assert "/desk/articles" not in admin.get("/desk/").text
    home = visitor.get("/en/")
    assert home.status_code == 200
    assert "How to order" not in home.text
    assert "/search" not in home.text
    switch(admin, "requests", "customers", "knowledge_base")
    assert visitor.get(path).status_code == 200
    assert "/desk/articles" in admin.get("/desk/").text


def test_without_the_knowledge_base_machines_are_told_of_nothing(admin, visitor, omega, in_tenant):
    with in_tenant(omega) as session:
        factories.article(session, title="How to order")
    assert "/sitemap-en.xml" in visitor.get("/sitemap.xml").text
    assert "how-to-order" in visitor.get("/sitemap-en.xml").text
    switch(admin, "requests", "customers")
    index = visitor.get("/sitemap.xml")
    assert index.status_code == 200
    assert "<sitemap>" not in index.text
    for gone in ("/sitemap-en.xml", "/en/feed.xml", "/llms.txt"):
        assert visitor.get(gone).status_code == 404, gone


def test_without_requests_the_desk_begins_elsewhere_and_the_portal_asks_for_none(admin, visitor):
    switch(admin, "customers", "knowledge_base")
    assert admin.get("/desk/").headers["Location"] == "/desk/customers"
    assert visitor.get("/desk/").headers["Location"].startswith("/desk/signin")
    for gone in ("/en/requests/new", "/en/requests"):
        assert visitor.get(gone).status_code == 404
    assert "/requests" not in visitor.get("/en/").text
    assert admin.get("/desk/tickets/new").status_code == 404
    assert "/desk/tickets/new" not in admin.get("/desk/customers").text


def test_without_customers_a_ticket_still_names_who_asked(admin, omega, in_tenant):
    with in_tenant(omega) as session:
        number = factories.ticket(session, customer=factories.customer(session, name="Mei Lin")).number
    switch(admin, "requests", "knowledge_base")
    page = admin.get(f"/desk/tickets/{number}")
    assert "Mei Lin" in page.text
    assert "/desk/customers" not in page.text


def test_every_part_may_be_off(admin, visitor):
    switch(admin)
    assert admin.get("/desk/").headers["Location"] == "/desk/settings/"
    assert visitor.get("/en/").status_code == 200
    assert visitor.get("/en/nothing-here").status_code == 404
