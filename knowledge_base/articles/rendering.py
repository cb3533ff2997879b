"""Markdown to what readers get: sanitised HTML, plain text, the headings for a table of contents, the files in it."""

import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

from kernel.i18n import ENGLISH, Language, LazyText, speaking
from kernel.i18n import lazy_text as _l
from kernel.text import slug
from knowledge_base.articles import embeds

_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_TAGS = {
    *("h2", "h3", "h4", "p", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a"),
    *("table", "thead", "tbody", "tr", "th", "td", "img", "video"),
}
_ATTRIBUTES = {
    **{"a": {"href", "title"}, "h2": {"id"}, "h3": {"id"}, "h4": {"id"}, "ol": {"start"}},
    **{"img": {"src", "alt", "width", "height"}, "video": {"src", "title", "controls", "preload"}},
}
_CALLOUTS: dict[str, tuple[str, LazyText]] = {
    "[!NOTE]": ("info", _l("Note")),
    "[!TIP]": ("success", _l("Tip")),
    "[!IMPORTANT]": ("warning", _l("Important")),
    "[!WARNING]": ("danger", _l("Warning")),
}
_CLASSES = {
    "blockquote": {"callout", *(f"tone-{tone}" for tone, _name in _CALLOUTS.values())},
    "p": {"callout-title"},
    "a": {"video-link"},
}
_SNIPPET = re.compile(r"\{\{\s*snippet:\s*([^{}\n]{1,60}?)\s*\}\}")

Snippets = Callable[[str], str | None]


@dataclass(frozen=True)
class Rendered:
    """`headings` are (level, anchor, text) in the order of the page; `file_ids` the public ids of the files it names."""

    html: str
    text: str
    headings: list[tuple[int, str, str]]
    file_ids: list[uuid.UUID]


def render(markdown: str, *, language: Language = ENGLISH, snippets: Snippets = lambda name: None) -> Rendered:
    """Render Markdown.  Raw HTML in it is shown as text; what remains passes an allow-list besides.

    Headings start at level 2, because the article's title is the page's only level 1.  `{{snippet:name}}` becomes what
    `snippets` knows by that name; an unknown one stays as typed, for its author to see.  `language` is that of a callout's
    own word.
    """
    with_snippets = _SNIPPET.sub(lambda found: _snippet(found, snippets), markdown)
    tokens = _MARKDOWN.parse(with_snippets)
    headings = _number_headings(tokens)
    with speaking(language):
        _mark_callouts(tokens)
    embeds.put_in(tokens)
    html = _sanitised(str(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})))
    return Rendered(_reachable(html), _plain(tokens), headings, embeds.file_ids(html))


def snippets_in(markdown: str) -> set[str]:
    """Return the names of the snippets that a text asks for."""
    return set(_SNIPPET.findall(markdown))


def _snippet(found: re.Match[str], snippets: Snippets) -> str:
    text = snippets(found[1])
    # A snippet's own references stay as typed: one level can neither loop nor grow.
    return found[0] if text is None else text


def _sanitised(raw: str) -> str:
    return str(
        nh3.clean(
            raw,
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            attribute_filter=_allowed,
            # One only: several would come out in an order that differs from run to run.
            set_tag_attribute_values={"img": {"loading": "lazy"}},
            allowed_classes=_CLASSES,
            url_schemes={"http", "https", "mailto", "tel"},
            link_rel="noopener nofollow",
        )
    )


def _allowed(_tag: str, name: str, value: str) -> str | None:
    """Pictures and films come from our own files only: another server would learn who reads what."""
    if name == "src" and not embeds.OWN_FILE.fullmatch(value):
        return None
    if name in ("width", "height") and not (value.isascii() and value.isdecimal()):
        return None
    return value


def _reachable(html: str) -> str:
    """Let what may be wider than a phone scroll by itself, and by keyboard too (WCAG 2.1.1)."""
    html = html.replace("<table>", '<div tabindex="0"><table>').replace("</table>", "</table></div>")
    return html.replace("<pre>", '<pre tabindex="0">')


def _number_headings(tokens: Sequence[Token]) -> list[tuple[int, str, str]]:
    headings: list[tuple[int, str, str]] = []
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            level = min(max(int(token.tag[1]), 2), 4)
            text = _words(inline)
            anchor = f"{slug(text)}-{len(headings) + 1}"
            token.tag = f"h{level}"
            token.attrSet("id", anchor)
            headings.append((level, anchor, text))
        elif token.type == "heading_close":
            token.tag = f"h{headings[-1][0]}"
    return headings


def _mark_callouts(tokens: list[Token]) -> None:
    """Make a quotation that begins with [!NOTE] or its like a callout, its kind named in words besides the colour."""
    for place in range(len(tokens) - 3, -1, -1):
        quote, paragraph, inline = tokens[place : place + 3]
        if (quote.type, paragraph.type, inline.type) != ("blockquote_open", "paragraph_open", "inline"):
            continue
        children = inline.children or []
        tone, name = _CALLOUTS.get(children[0].content.strip().upper() if children else "", ("", None))
        if name is None or (len(children) > 1 and children[1].type not in ("softbreak", "hardbreak")):
            continue
        quote.attrSet("class", f"callout tone-{tone}")
        rest = children[2:]
        tokens[place + 1 : place + 4] = [*_titled(str(name)), *(_paragraph(rest) if rest else [])]


def _titled(name: str) -> list[Token]:
    title = _paragraph([Token("text", "", 0, content=name)])
    title[0].attrSet("class", "callout-title")
    return title


def _paragraph(children: list[Token]) -> list[Token]:
    inline = Token("inline", "", 0, children=children)
    return [Token("paragraph_open", "p", 1, block=True), inline, Token("paragraph_close", "p", -1, block=True)]


def _words(inline: Token) -> str:
    """Return the text of a paragraph; where a line ends, a word does."""
    children = (child for child in inline.children or () if child.type != "html_inline")
    return "".join("\n" if child.type in ("softbreak", "hardbreak") else child.content for child in children).strip()


def _plain(tokens: Sequence[Token]) -> str:
    texts = (_words(token) if token.type == "inline" else token.content for token in tokens)
    return "\n".join(text for text in texts if text.strip())
