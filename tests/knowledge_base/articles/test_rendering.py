"""Markdown becomes harmless HTML, plain text and a table of contents."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.articles.rendering import render

PAYLOADS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>",
    "<img src=x onerror=alert(1)>",
    "<img src=x onerror&#61;alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe src=javascript:alert(1)></iframe>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<video><source onerror=alert(1)></video>",
    "<audio src=x onerror=alert(1)>",
    "<marquee onstart=alert(1)>x</marquee>",
    "<input autofocus onfocus=alert(1)>",
    "<select onfocus=alert(1) autofocus>",
    "<form action=javascript:alert(1)><button>go</button></form>",
    "<button formaction=javascript:alert(1)>go</button>",
    "<isindex action=javascript:alert(1) type=image>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css';</style>",
    "<div style=background:url(javascript:alert(1))>x</div>",
    "<a href=javascript:alert(1)>x</a>",
    "<a href='java&#09;script:alert(1)'>x</a>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script-->",
    "<!-- --!><img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](%6aavascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](data:image/svg+xml,<svg/onload=alert(1)>)",
    "[x](file:///etc/passwd)",
    "[x](<javascript:alert(1)>)",
    "![x](javascript:alert(1))",
    '![x](x"onerror="alert(1))',
    '[x](http://a.example "onmouseover=alert(1) x=")',
    "[x][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "<http://a.example/\"onmouseover='alert(1)'>",
    "`<script>alert(1)</script>`",
    "```\n</code></pre><script>alert(1)</script>\n```",
    '```"><img src=x onerror=alert(1)>\ncode\n```',
    "# <img src=x onerror=alert(1)>",
    '## "><script>alert(1)</script>',
    "| a |\n|---|\n| <img src=x onerror=alert(1)> |",
    "> <script>alert(1)</script>",
    "- <svg onload=alert(1)>",
    "1. [x](javascript:alert(1))",
    "**<script>alert(1)</script>**",
    "~~<img src=x onerror=alert(1)>~~",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202e<script>alert(1)</script>",
    "<scri\x00pt>alert(1)</scri\x00pt>",
    "<ｓｃｒｉｐｔ>alert(1)</ｓｃｒｉｐｔ>",
]
TAGS = {"h2", "h3", "h4", "p", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td", "div"}
ATTRIBUTES = {"href", "title", "id", "start", "rel", "tabindex"}


class Judge(HTMLParser):
    """Reads HTML as a browser does and notes everything that an article has no business with."""

    def __init__(self):
        super().__init__()
        self.faults = []

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.faults.append(tag)
        for name, value in attrs:
            if name not in ATTRIBUTES:
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


@pytest.mark.parametrize("payload", PAYLOADS)
def test_an_attack_is_shown_as_text_or_not_at_all(payload):
    assert faults(render(payload).html) == []
    assert faults(render(f"Before\n\n{payload}\n\nAfter {payload} end").html) == []


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from([*PAYLOADS, "\n\n", "# ", "> ", "[", "](", ")", "`", "<", ">", '"', "a"]), max_size=8))
def test_attacks_joined_at_random_stay_harmless(pieces):
    assert faults(render("".join(pieces)).html) == []


def test_the_judge_itself_sees_an_attack():
    assert faults('<p onclick="x"><a href="javascript:x">x</a></p><img>') == ["p onclick", "a href=javascript:x", "img"]


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
