"""Markdown becomes harmless HTML, plain text and a table of contents."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kernel.i18n import ENGLISH, SIMPLIFIED, TRADITIONAL
from knowledge_base.articles.rendering import render, snippets_in
from tests.knowledge_base.payloads import PAYLOADS

TAGS = {"h2", "h3", "h4", "p", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "div", "img", "video"}
ATTRIBUTES = {"href", "title", "id", "start", "rel", "tabindex", "alt", "width", "height", "loading", "controls", "preload"}
OWN_FILE = re.compile(r"/files/[0-9a-f-]{36}")
CLASSES = {"callout", "callout-title", "video-link", "tone-info", "tone-success", "tone-warning", "tone-danger"}


class Judge(HTMLParser):
    """Reads HTML as a browser does and notes everything that an article has no business with."""

    def __init__(self):
        super().__init__()
        self.faults = []

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.faults.append(tag)
        for name, value in attrs:
            is_known = {"src": OWN_FILE.fullmatch(value or ""), "class": set((value or "").split()) <= CLASSES}
            if not is_known.get(name, name in ATTRIBUTES):
                self.faults.append(f"{tag} {name}")
            # Browsers pass over blanks and control characters, and read a scheme only where letters stand before a colon.
            scheme = (
                re.match(r"([a-z][a-z0-9+.-]*):", re.sub(r"[\x00-\x20]", "", value or ""), re.I) if name == "href" else None
            )
            if scheme and scheme[1].lower() not in ("http", "https", "mailto", "tel"):
                self.faults.append(f"{tag} href={value}")

    def handle_comment(self, data):
        self.faults.append(f"comment {data}")


def faults(html):
    judge = Judge()
    judge.feed(html)
    judge.close()
    return judge.faults


def test_no_attack_becomes_markup():
    found = {}
    for payload in PAYLOADS:
        texts = (
            payload,
            f"Before\n\n{payload}\n\nAfter {payload} end",
            f"> [!NOTE]\n> {payload}",
            f"| a |\n|---|\n| {payload} |",
        )
        found[payload] = [fault for text in texts for fault in faults(render(text).html)]
        found[payload] += faults(render("{{snippet:x}}", snippets=lambda name, payload=payload: payload).html)
    assert {payload: wrong for payload, wrong in found.items() if wrong} == {}


def test_there_are_many_attacks():
    assert len(set(PAYLOADS)) >= 200


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*PAYLOADS, "\n\n", "# ", "> ", "[", "](", ")", "`", "<", ">", '"', "a"]), max_size=8))
def test_attacks_joined_at_random_stay_harmless(pieces):
    assert faults(render("".join(pieces)).html) == []


def test_the_judge_itself_sees_an_attack():
    found = faults('<p onclick="x"><a href="javascript:x">x</a></p><svg><img src="//evil.example/x.png" class="btn">')
    assert found == ["p onclick", "a href=javascript:x", "svg", "img src", "img class"]


def test_what_a_writer_needs_is_kept():
    html = render("**bold** _em_ ~~gone~~ [link](https://a.example)\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |").html
    for expected in (
        "<strong>bold</strong>",
        "<em>em</em>",
        "<s>gone</s>",
        '<a href="https://a.example"',
        "<li>one</li>",
        "<td>1</td>",
    ):
        assert expected in html


@pytest.mark.parametrize("link", ["https://a.example", "mailto:a@b.example", "tel:+886255500188", "/en/a/1-x", "#below"])
def test_harmless_links_work(link):
    assert f'href="{link}"' in render(f"[x]({link})").html


def test_headings_make_a_table_of_contents_below_the_articles_title():
    rendered = render("# One\n\n## Two\n\n### 三\n\n###### Six\n\n## Two")
    assert [(level, text) for level, _anchor, text in rendered.headings] == [
        (2, "One"),
        (2, "Two"),
        (3, "三"),
        (4, "Six"),
        (2, "Two"),
    ]
    anchors = [anchor for _level, anchor, _text in rendered.headings]
    assert len(set(anchors)) == 5
    assert all(f'id="{anchor}"' in rendered.html for anchor in anchors)
    assert "<h1" not in rendered.html


def test_plain_text_holds_the_words_and_no_marks():
    text = render("## Refunds\n\nAsk **before** `ten` [here](https://a.example).\n\n```\ncode\n```").text
    assert text == "Refunds\nAsk before ten here.\ncode\n"


@pytest.mark.parametrize("markdown", ["", " \n", "[" * 5000, "> " * 500 + "x", "*" * 5000, "`" * 5000, "- " * 500])
def test_odd_and_deep_markdown_is_rendered_all_the_same(markdown):
    assert isinstance(render(markdown).html, str)


FILE = "/files/7b0f2a52-0000-4000-8000-000000000000"


def test_a_picture_of_ours_is_shown_at_its_size_and_any_other_is_a_link():
    html = render(f"![Lift]({FILE}#640x480) ![far](https://a.example/x.png)").html
    assert f'<img src="{FILE}" alt="Lift" width="640" height="480" loading="lazy">' in html
    assert '<a href="https://a.example/x.png" rel="noopener nofollow">far</a>' in html
    assert html.count("<img") == 1


NOT_OURS = (f"{FILE}x", f"{FILE}#640x", f"{FILE}?x=1", f"/static{FILE}", f"//evil.example{FILE}", "/files/1")


@pytest.mark.parametrize("address", NOT_OURS)
def test_what_only_looks_like_a_file_of_ours_is_not_shown(address):
    assert "<img" not in render(f"![x]({address})").html
    assert "<video" not in render(f"@[x]({address})").html


def test_a_film_of_ours_is_played_and_one_elsewhere_is_a_link_that_says_where():
    assert f'<video src="{FILE}" title="How" controls="" preload="metadata"></video>' in render(f"@[How]({FILE})").html
    html = render("@[How](https://www.youtube.com/watch?v=x)").html
    assert '<a href="https://www.youtube.com/watch?v=x" class="video-link" rel="noopener nofollow">How (YouTube)</a>' in html
    assert "iframe" not in html


@pytest.mark.parametrize("address", ["https://evil.example/youtube.com", "https://www.youtube.com.evil.example/", "https://[x"])
def test_a_film_of_nobody_we_know_is_a_link_like_any_other(address):
    assert "video-link" not in render(f"@[x]({address})").html


def test_only_a_film_that_stands_alone_is_one():
    assert "<video" not in render(f"See @[x]({FILE}) and on").html


def test_a_word_ends_where_its_line_does():
    assert render("Bring a\npassport  \nor a card.").text == "Bring a\npassport\nor a card."


def test_the_files_of_a_text_are_those_it_shows_or_offers():
    other = FILE.replace("7b0f", "1111")
    found = render(f"![a]({FILE}#1x1) [b]({other}) @ `{FILE.replace('7b0f', '2222')}`\n\n@[f]({FILE})").file_ids
    assert [f"/files/{one}" for one in found] == [FILE, other]


def test_a_callout_names_its_kind_in_the_articles_language():
    pages = [render("> [!WARNING]\n> Hot.", language=one).html for one in (ENGLISH, SIMPLIFIED, TRADITIONAL)]
    titles = [re.search(r'"callout-title">([^<]+)<', page)[1] for page in pages]
    assert titles == ["Warning", "警告", "警告"]


@pytest.mark.parametrize("quote", ["> plain", "> [!NOTE] on the same line", "> [!OTHER]\n> x", "[!NOTE]"])
def test_any_other_quotation_is_one(quote):
    assert "callout" not in render(quote).html


def test_a_callout_holds_lists_and_stands_in_lists():
    html = render("- a\n\n  > [!TIP]\n  > Do\n  >\n  > - this\n").html
    assert html.count("<li>") == 2
    assert 'class="callout tone-success"' in html


def test_snippets_are_put_in_once_and_an_unknown_one_stays():
    known = {"hours": "**9** {{snippet:hours}}"}
    html = render("{{snippet:hours}} {{ snippet: hours }} {{snippet:x}}", snippets=known.get).html
    assert html.count("<strong>9</strong>") == 2
    assert html.count("{{snippet:hours}}") == 2
    assert "{{snippet:x}}" in html
    assert snippets_in("{{snippet:a b}} {{ snippet:c }} {snippet:d} {{snippet:}}") == {"a b", "c"}
