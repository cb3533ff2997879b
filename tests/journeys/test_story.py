"""One question travels all the way: a search that finds, one that does not, a request, its answer, its rating."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import axe_faults
from tests.running import RunningService, links_in

PASSWORD = "frontdesk-demo"


@dataclass(frozen=True)
class Story:
    """Who asks what, in which language, on which screen."""

    slug: str
    path: str
    locale: str
    width: int
    known: str
    unknown: str
    subject: str
    body: str
    answer: str
    thanks: str

    @property
    def email(self) -> str:
        return f"guest-{self.path}-{self.width}@story.example"


ENGLISH = {
    "slug": "acme",
    "path": "en",
    "locale": "en-GB",
    "known": "reset password",
    "unknown": "xylophone quasar",
    "subject": "The projector in room four is broken",
    "body": "It hums and shows no picture. A photo is attached.",
    "answer": "Thank you, we have ordered a new lamp for Tuesday.",
    "thanks": "That was quick, thank you!",
}
CHINESE = {
    "slug": "ruiju",
    "path": "zh-hant",
    "locale": "zh-TW",
    "known": "退房时间",
    "unknown": "量子薩克斯風",
    "subject": "房間牆面滲水，附照片",
    "body": "昨晚下雨後牆面滲水，請協助處理。",
    "answer": "您好，工程同仁今天下午會到房間查看，造成不便非常抱歉。",
    "thanks": "謝謝，已經修好了。",
}
STORIES = [Story(**words, width=width) for words in (ENGLISH, CHINESE) for width in (1280, 360)]


@pytest.fixture(params=STORIES, ids=lambda story: f"{story.path}-{story.width}")
def story(request) -> Story:
    return request.param


@pytest.mark.timeout(180)
def test_a_question_travels_from_the_search_to_the_rating(demo, open_page, a_picture, story):
    customer = open_page(width=story.width, locale=story.locale)
    agent = open_page(width=story.width, locale=story.locale)

    looks_up_an_answer(demo, customer, story)
    fails_to_find_another(customer, story)
    sends_a_request_with_a_photo(customer, story, a_picture)

    mail = demo.wait_for_mail(story.email, story.subject)
    signs_in_at_the_desk(demo, agent, story)
    finds_the_ticket(demo, agent, story)
    answers(agent, story)

    mail = demo.wait_for_mail(story.email, story.answer)
    follows_the_mail_and_replies(customer, mail, story)

    agent.reload()
    expect(agent.get_by_text(story.thanks)).to_be_visible()
    agent.locator("[data-key=e]").first.click()
    expect(agent.locator(".chip.tone-success, .tone-success").first).to_be_visible()

    mail = demo.wait_for_mail(story.email, "?score=5")
    rates(customer, mail)
    agent.reload()
    expect(agent.locator("main aside [role=img], main [role=img]").first).to_have_accessible_name(re.compile("5"))

    subjects = [mail["subject"] for mail in demo.mails(story.email)]
    assert len(subjects) == len({mail["message_id"] for mail in demo.mails(story.email)}) == 3, subjects


def looks_up_an_answer(demo: RunningService, page: Page, story: Story) -> None:
    page.goto(demo.url(story.slug, "/"))
    expect(page).to_have_url(demo.url(story.slug, f"/{story.path}/"))
    assert sideways_scroll(page) == 0
    page.locator("main input[name=q]").first.fill(story.known)
    page.locator("main input[name=q]").first.press("Enter")
    page.wait_for_url("**/search?**")
    page.locator("main a[href*='/a/']").first.click()
    page.wait_for_url("**/a/**")
    expect(page.locator("h1")).to_have_count(1)
    assert sideways_scroll(page) == 0
    assert axe_faults(page) == []


def fails_to_find_another(page: Page, story: Story) -> None:
    page.goto(page.url.split(f"/{story.path}/")[0] + f"/{story.path}/search?q={story.unknown}")
    page.locator("main a[href*='/requests/new']").first.click()
    page.wait_for_url("**/requests/new?**")
    expect(page.locator("[name=subject]")).to_have_value(story.unknown)


def sends_a_request_with_a_photo(page: Page, story: Story, picture) -> None:
    assert axe_faults(page) == []
    page.fill("[name=subject]", story.subject)
    page.fill("[name=body]", story.body)
    page.fill("[name=email]", story.email)
    page.set_input_files("[name=files]", str(picture))
    page.locator("main form[method=post] button[type=submit], main form[method=post] button:not([type])").last.click()
    page.wait_for_url("**/requests/*-*-*-*-*")
    expect(page.get_by_text(story.subject).first).to_be_visible()
    assert sideways_scroll(page) == 0
    assert axe_faults(page) == []


def signs_in_at_the_desk(demo: RunningService, page: Page, story: Story) -> None:
    page.goto(demo.url(story.slug, "/desk/"))
    page.wait_for_url("**/desk/signin**")
    page.fill("[name=email]", f"agent@{story.slug}.example")
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(demo.url(story.slug, "/desk/"))


def finds_the_ticket(demo: RunningService, page: Page, story: Story) -> None:
    page.goto(demo.url(story.slug, "/desk/?view=unassigned"))
    assert sideways_scroll(page) == 0
    page.get_by_role("link", name=story.subject).first.click()
    page.wait_for_url("**/desk/tickets/*")
    expect(page.get_by_text(story.body)).to_be_visible()
    expect(page.locator("img[src*='thumbnail']")).to_be_visible()
    assert sideways_scroll(page) == 0


def answers(page: Page, story: Story) -> None:
    page.fill("textarea[name=body]", story.answer)
    page.locator("button[name=status][value=waiting]").click()
    expect(page.get_by_text(story.answer).first).to_be_visible()
    expect(page.locator("textarea[name=body]")).to_have_value("")


def follows_the_mail_and_replies(page: Page, mail: dict, story: Story) -> None:
    page.goto(next(link for link in links_in(mail["text"]) if "/requests/" in link))
    expect(page.get_by_text(story.answer)).to_be_visible()
    page.fill("textarea[name=body]", story.thanks)
    page.locator("form:has(textarea[name=body]) button:not([type=button])").last.click()
    expect(page.get_by_text(story.thanks).first).to_be_visible()


def rates(page: Page, mail: dict) -> None:
    page.goto(next(link for link in links_in(mail["text"]) if "score=5" in link))
    expect(page.locator("[name=score][value='5']")).to_be_checked()
    page.locator("form:has([name=score]) button:not([type=button])").last.click()
    page.wait_for_url("**/requests/*-*-*-*-*")


def sideways_scroll(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
