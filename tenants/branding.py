"""How a tenant's portal looks: name, logo, one colour, layout of the home page, links, footer, telephone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from kernel import files
from kernel.actors import Actor
from kernel.errors import InvalidField
from kernel.files import Upload
from kernel.i18n import LANGUAGES, Language, LazyText
from kernel.i18n import lazy_text as _l
from tenants import own_row

COLUMNS = ("name", "brand_color", "phone", "branding")
NAME_LENGTH, PHONE_LENGTH, LABEL_LENGTH, URL_LENGTH, FOOTER_LENGTH, MOST_LINKS = 80, 40, 30, 300, 300, 5
THEMES = ("light", "dark")
# The colour of the house itself, which a tenant without one of its own wears.
HOUSE_COLOR = "#0b6e5f"
LAYOUTS: dict[str, LazyText] = {
    "search": _l("Search first: a large search box, then subjects as cards"),
    "banner": _l("Banner: the search on your colour, the subjects below"),
    "compact": _l("Compact: everything at a glance, subjects as a list"),
}
_COLOR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class Look:
    """What the portal's frame shows of a tenant's branding."""

    layout: str = "search"
    links: tuple[tuple[str, str], ...] = ()
    footer: Mapping[str, str] = field(default_factory=dict)
    logos: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def footer_in(self, *languages: Language) -> str:
        """Return the footer in the first of `languages` that it is written in."""
        return next((text for language in languages if (text := self.footer.get(language.code, ""))), "")


def look_of(branding: Mapping[str, Any]) -> Look:
    """Read what is kept in the registry; what an older or newer version wrote and this one does not know is passed over."""
    layout = branding.get("layout", "")
    return Look(
        layout if layout in LAYOUTS else "search",
        tuple((link["label"], link["url"]) for link in branding.get("links", ())),
        branding.get("footer", {}),
        branding.get("logo", {}),
    )


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Branding as a form gives it: `links` as label and address, `footer` by language code."""

    name: str
    color: str
    phone: str
    layout: str
    links: Sequence[tuple[str, str]]
    footer: Mapping[str, str]

    def checked(self) -> dict[str, Any]:
        """Return the columns to keep, all but the logo.  Raises `InvalidField`."""
        branding = {"layout": _layout(self.layout), "links": _links(self.links), "footer": _footer(self.footer)}
        return {
            "name": _name(self.name),
            "brand_color": _color(self.color),
            "phone": _phone(self.phone),
            "branding": branding,
        }


def change(session: Session, wish: Wish, *, logos: Mapping[str, Upload | None], seen: str | None, actor: Actor) -> None:
    """Change how the portal looks, from everybody's next page on.

    `logos` holds a new file by theme, or None to take the present one away; themes it does not name keep theirs.  Raises
    `InvalidField`, `FileRefused` or `StaleEdit`.
    """
    values = wish.checked()
    kept = dict(own_row.read(session, ("branding",))["branding"].get("logo", {}))
    for theme, upload in logos.items():
        kept.pop(theme, None)
        if upload is not None:
            kept[theme] = _logo(session, theme, upload)
    if kept:
        values["branding"]["logo"] = kept
    own_row.change(session, "tenant.branding_changed", values=values, seen=seen, actor=actor)


def _logo(session: Session, theme: str, upload: Upload) -> dict[str, Any]:
    stored, width, height = files.store_logo(session, upload, name=f"logo-{theme}")
    return {"sha256": stored.sha256, "media_type": stored.media_type, "width": width, "height": height}


def version(session: Session) -> str:
    return own_row.version(own_row.read(session, COLUMNS))


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name or len(name) > NAME_LENGTH:
        raise InvalidField("name", _l("Enter a name of up to 80 characters."))
    return name


def _color(text: str) -> str:
    color = text.strip().lower()
    if not color or color == HOUSE_COLOR:
        return ""
    if not _COLOR.fullmatch(color):
        raise InvalidField("color", _l("Enter a colour as # and six digits, such as #1d4ed8."))
    return color


def _phone(text: str) -> str:
    phone = " ".join(text.split())
    if len(phone) > PHONE_LENGTH or not set(phone) <= set("0123456789+-() ./#,ext"):
        raise InvalidField("phone", _l("Enter a telephone number, such as +886 2 5550 0188."))
    return phone


def _layout(text: str) -> str:
    if text not in LAYOUTS:
        raise InvalidField("layout", _l("Choose one of the layouts offered."))
    return text


def _links(given: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    links = []
    for place, (label, url) in enumerate(given[:MOST_LINKS]):
        words, address = " ".join(label.split()), url.strip()
        if not words and not address:
            continue
        if not words or len(words) > LABEL_LENGTH:
            raise InvalidField(f"label_{place}", _l("Give the link a name of up to 30 characters."))
        if not _is_address(address):
            raise InvalidField(f"url_{place}", _l("Enter an address that begins with https:// or with /."))
        links.append({"label": words, "url": address})
    return links


def _is_address(url: str) -> bool:
    """Whether a link may lead there: a page of the web, or a path of this very house; nothing that runs."""
    if not url.isprintable() or "\\" in url or " " in url or len(url) > URL_LENGTH:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
    return is_web or (url.startswith("/") and not url.startswith("//"))


def _footer(given: Mapping[str, str]) -> dict[str, str]:
    footer = {}
    for language in LANGUAGES:
        text = "\n".join(line.strip() for line in given.get(language.code, "").strip().splitlines())
        if len(text) > FOOTER_LENGTH:
            raise InvalidField(f"footer_{language.code}", _l("Use at most 300 characters."))
        if text:
            footer[language.code] = text
    return footer
