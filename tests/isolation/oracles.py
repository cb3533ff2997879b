"""What an answer must not show, and when two answers are the same."""

import io
import re
import zipfile
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from urllib.parse import unquote, urlsplit

from werkzeug.test import TestResponse

from tests.isolation.canaries import Shelf
from tests.isolation.houses import CANARY, PLATFORM_CANARY, House

# What each role may read of its own house, as row-table patterns (`inhouse-<row>-<table>-…`); a stranger's house never shows.
# "linked" is added for whoever holds the unguessable address of a request.
READS: dict[str, tuple[str, ...]] = {
    "visitor": ("mine-article", "other-article", "*-category"),
    "customer": ("mine-article", "other-article", "*-category", "mine-customer", "mine-ticket"),
    "linked": ("mine-ticket", "mine-ticket_message", "mine-stored_file", "mine-customer", "mine-staff_member"),
    "staff": ("*",),
    "operator": (),
}
# What not even colleagues see of each other: their own views, bells and browsers; nor what proves who somebody is.
PERSONAL = ("other-saved_view", "other-bell_item", "other-sign_in", "*-sign_in_code", "*-sign_in_try", "*-mail")
_OURS = re.compile(r"inhouse-([a-z]+)-([a-z_]+)-[a-z_]+")
_OWN = [Shelf(mark, 0) for mark in ("inhouse-mine", "inhouse-other")]
_PROOFS = ("$argon2", *(shelf.sign_in_token(face) for shelf in _OWN for face in ("desk", "portal")))


def text_of(answer: TestResponse) -> str:
    """Return everything that an answer says: its headers, and its body with what is packed in it."""
    body = answer.get_data()
    if body.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            body = b"\n".join(book.read(name) for name in book.namelist())
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    return f"{headers}\n\n{body.decode('utf-8', 'replace')}"


def foreign_words(house: House, *, is_operator: bool) -> tuple[str, ...]:
    """Return what belongs to a house and to nobody else.  Operators know its name, but not what is in it."""
    row = house.mine.rows["stored_file"]
    within = (CANARY, house.schema, row["sha256"], row["thumbnail_sha256"], house.mine.email)
    outside = (house.tenant.name, house.tenant.host, PLATFORM_CANARY)
    return within if is_operator else (*within, *outside)


def leaks(answer: TestResponse, words: Iterable[str], sent: Iterable[str] = ()) -> list[str]:
    text = text_of(answer)
    found = [f"shows {word!r} of another house" for word in words if word in text and not any(word in one for one in sent)]
    if answer.status_code >= 500:
        found.append(f"answers {answer.status_code}")
    return found


def overheard(answer: TestResponse, role: str, *, is_linked: bool, manages_staff: bool) -> list[str]:
    """Say what of its own house somebody reads who should not; who manages the staff sees where they are signed in."""
    text = text_of(answer)
    may = READS.get(role, READS["staff"]) + (READS["linked"] if is_linked else ())
    seen = {f"{row}-{table}" for row, table in _OURS.findall(text)}
    is_staff = may == READS["staff"]
    personal = [one for one in PERSONAL if not (manages_staff and one == "other-sign_in")]
    found = [
        f"shows {one} to a {role}"
        for one in sorted(seen)
        if not any(fnmatchcase(one, pattern) for pattern in may)
        or (is_staff and any(fnmatchcase(one, pattern) for pattern in personal))
        or (not is_staff and "note" in one)
    ]
    return found + (["shows what proves who somebody is"] if any(proof in text for proof in _PROOFS) else [])


_CHANGING = (
    re.compile(r"\b[0-9a-f]{32}\b"),  # request ids, keys of forms
    re.compile(r"[\w-]{20,}\.[\w-]{6}\.[\w-]{27}"),  # signed tokens and cookies
    re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"),
    re.compile(r"\d+ (?:second|minute|hour)s? ago|\d{1,2} \w{3}, \d{2}:\d{2}"),
    re.compile(r"\b[A-Z2-7]{32}\b"),  # a new secret for an app
    re.compile(r"data:image/svg\+xml[^\"]*"),  # and its picture
)
_TELLING_HEADERS = (
    "Location",
    "HX-Redirect",
    "Content-Type",
    "Cache-Control",
    "Content-Disposition",
    "Allow",
    "WWW-Authenticate",
)


def essence(answer: TestResponse, sent: Collection[str] = ()) -> tuple[int, str]:
    """Return an answer without what differs from one request to the next, and without the ids that were asked for."""
    headers = "\n".join(f"{name}: {answer.headers[name]}" for name in _TELLING_HEADERS if name in answer.headers)
    text = f"{headers}\n{answer.get_data().decode('utf-8', 'replace')}"
    text = unquote(unquote(text))  # an address may hold one that goes on from there
    for value in sorted(set(sent), key=len, reverse=True):
        text = text.replace(value, "ID") if len(value) > 4 else re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", "ID", text)
    for pattern in _CHANGING:
        text = pattern.sub("*", text)
    return answer.status_code, text


def is_asked_to_sign_in(answer: TestResponse) -> bool:
    return answer.status_code == 303 and urlsplit(answer.headers.get("Location", "")).path.endswith("/signin")


def manners(answer: TestResponse, host: str, *, is_private: bool) -> list[str]:
    """Say where an answer is careless: sends people to another host, lets others keep it, or gives a cookie to others."""
    wrong = []
    target = answer.headers.get("Location", answer.headers.get("HX-Redirect", ""))
    if re.match(r"(?:\w+:)?//", target) and not re.match(rf"https?://{re.escape(host)}(?:/|$)", target):
        wrong.append(f"leads to {target}")
    if is_private and "private" not in answer.headers.get("Cache-Control", "") and answer.status_code < 300:
        wrong.append("may be kept by a cache that others read")
    cookies = answer.headers.getlist("Set-Cookie")
    wrong += ["gives its cookie to other hosts" for cookie in cookies if "domain=" in cookie.lower()]
    return wrong
