"""How a tenant's portal looks: what is taken, what is refused, and what is kept of a picture."""

import io

import pytest
from PIL import Image, PngImagePlugin

from kernel import files
from kernel.actors import SYSTEM
from kernel.errors import InvalidField, StaleEdit
from kernel.files import LogoRefused, Upload
from tenants import branding, registry
from tenants.branding import Wish

GIVEN = {"name": "Omega", "color": "#B91C1C", "phone": "+886 2 5550 0188", "layout": "banner", "links": [], "footer": {}}


def wish(**facts):
    return Wish(**{**GIVEN, **facts})


def picture(kind="PNG", size=(1200, 400), color="#b91c1c", **options):
    out = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", size, color).save(out, kind, **options)
    return Upload(f"logo.{kind.lower()}", io.BytesIO(out.getvalue()))


@pytest.fixture
def change(omega, in_tenant):
    def apply(logos=None, seen=None, **facts):
        with in_tenant(omega) as session:
            branding.change(session, wish(**facts), logos=logos or {}, seen=seen, actor=SYSTEM)
        return registry.find("omega")

    return apply


def test_a_change_is_seen_at_once_without_a_restart(change):
    facts = change(links=[("Shop", "https://shop.example/"), ("", "")], footer={"en": "  Open daily  ", "xx": "?"})
    look = branding.look_of(facts.branding)
    assert (facts.name, facts.brand_color, look.layout) == ("Omega", "#b91c1c", "banner")
    assert (look.links, look.footer) == ((("Shop", "https://shop.example/"),), {"en": "Open daily"})


@pytest.mark.parametrize(
    ("field", "facts"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "x" * 81}),
        ("color", {"color": "red"}),
        ("color", {"color": "#12345"}),
        ("color", {"color": "#fff;}body{display:none"}),
        ("phone", {"phone": "<script>"}),
        ("layout", {"layout": "../../etc"}),
        ("label_0", {"links": [("", "https://shop.example")]}),
        ("url_1", {"links": [("A", "/en/"), ("B", "javascript:alert(1)")]}),
        ("url_0", {"links": [("B", "//evil.example")]}),
        ("url_0", {"links": [("B", "/\\evil.example")]}),
        ("url_0", {"links": [("B", "https://")]}),
        ("url_0", {"links": [("B", "data:text/html,x")]}),
        ("footer_en", {"footer": {"en": "x" * 301}}),
    ],
)
def test_what_does_not_fit_is_refused_beside_its_field(field, facts):
    with pytest.raises(InvalidField) as refusal:
        wish(**facts).checked()
    assert refusal.value.field == field


def test_what_another_version_kept_in_the_registry_does_no_harm():
    assert branding.look_of({"layout": "carousel", "future": 1}) == branding.Look()


def test_two_who_change_it_at_once_do_not_overwrite_each_other(change, omega, in_tenant):
    with in_tenant(omega) as session:
        seen = branding.version(session)
    change(seen=seen)
    with pytest.raises(StaleEdit):
        change(seen=seen, name="Other")


def kept(omega, in_tenant, facts, theme):
    logo = branding.look_of(facts.branding).logos[theme]
    with in_tenant(omega) as session:
        return logo, files.path_of(session, logo["sha256"]).read_bytes()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_logo_is_drawn_anew_small_and_light(change, omega, in_tenant, kind):
    logo, content = kept(omega, in_tenant, change(logos={"light": picture(kind)}), "light")
    with Image.open(io.BytesIO(content)) as drawn:
        assert (drawn.format, drawn.width, drawn.height) == ("PNG", logo["width"], logo["height"]) == ("PNG", 540, 180)
    assert len(content) <= files.LOGO_BYTES


def test_nothing_but_its_pixels_is_kept_of_a_picture(change, omega, in_tenant):
    hidden = PngImagePlugin.PngInfo()
    hidden.add_text("Comment", "<script>alert(1)</script>")
    upload = picture(pnginfo=hidden)
    assert b"<script>" in upload.stream.getvalue()
    assert b"<script>" not in kept(omega, in_tenant, change(logos={"light": upload}), "light")[1]


def test_a_noisy_picture_is_made_light_too(change, omega, in_tenant):
    noise = Image.effect_noise((600, 180), 100).convert("RGB")
    out = io.BytesIO()
    Image.merge("RGB", [noise.getchannel(0), Image.effect_noise((600, 180), 90), Image.effect_noise((600, 180), 80)]).save(
        out, "PNG"
    )
    logo, content = kept(omega, in_tenant, change(logos={"dark": Upload("n.png", io.BytesIO(out.getvalue()))}), "dark")
    assert logo["media_type"] == "image/webp"
    assert len(content) <= files.LOGO_BYTES


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("logo.svg", SVG),
        ("logo.png", SVG),
        ("logo.png", b"\x89PNG\r\n\x1a\n broken"),
        ("logo.gif", b"GIF89a;"),
        ("a.pdf", b"%PDF-"),
    ],
)
def test_drawings_programs_and_broken_pictures_are_no_logo(change, name, content):
    with pytest.raises(LogoRefused):
        change(logos={"light": Upload(name, io.BytesIO(content))})


def test_a_logo_stays_until_it_is_replaced_or_taken_away(change):
    change(logos={"light": picture(), "dark": picture(color="#fecaca")})
    assert set(branding.look_of(change(name="New name").branding).logos) == {"light", "dark"}
    assert set(branding.look_of(change(logos={"dark": None}).branding).logos) == {"light"}
