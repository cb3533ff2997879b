"""Putting the help centre in order and writing for it, in a real browser: by mouse, by keyboard, with a picture pasted."""

import pytest

PASSWORD = "frontdesk-demo"


@pytest.fixture
def desk(demo, open_page):
    """A manager's browser at a page of acme's desk; tall enough to drag without scrolling."""

    def opened(path):
        page = open_page()
        page.set_viewport_size({"width": 1280, "height": 1800})
        page.goto(demo.url("acme", "/desk/signin"))
        page.fill("[name=email]", "manager@acme.example")
        page.fill("[name=password]", PASSWORD)
        page.press("[name=password]", "Enter")
        page.wait_for_url(demo.url("acme", "/desk/"))
        page.goto(demo.url("acme", path))
        return page

    return opened


def names(page):
    return page.locator("#tree .tree-row > a").all_inner_texts()


def row(page, name):
    return page.locator(".tree-row", has=page.get_by_role("link", name=name, exact=True))


def moved(page, name):
    """Wait until the page has said that it moved `name`."""
    page.locator("#tree [role=status]", has_text=f"“{name}” was moved.").wait_for(state="attached")


def test_the_tree_is_put_in_order_by_keyboard_alone(desk):
    """WCAG 2.5.7: what the mouse drags, Tab and Enter move, and the focus stays with what was moved."""
    page = desk("/desk/categories")
    before = names(page)
    name = before[1]
    page.locator("#main").focus()
    label = f"Move “{name}” up"
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == label:
            break
    page.keyboard.press("Enter")
    moved(page, name)
    assert names(page)[:2] == [before[1], before[0]]
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == label
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("first => document.querySelector('#tree .tree-row > a').textContent === first", arg=before[0])
    assert names(page) == before


def test_a_branch_is_dragged_into_another_and_out_again(desk):
    page = desk("/desk/categories")
    row(page, "Complaints and feedback").drag_to(row(page, "Workshops and training"))
    moved(page, "Complaints and feedback")
    inside = page.locator("li", has=row(page, "Workshops and training")).locator(".tree").get_by_role("link")
    assert inside.all_inner_texts() == ["Complaints and feedback"]
    page.locator("#tree [role=status]").evaluate("element => element.textContent = ''")
    row(page, "Complaints and feedback").drag_to(row(page, "Getting started"), target_position={"x": 80, "y": 2})
    moved(page, "Complaints and feedback")
    assert names(page)[0] == "Complaints and feedback"


_PASTE = """async () => {
  const canvas = document.createElement('canvas')
  const picture = await new Promise(done => canvas.toBlob(done))
  const clipboardData = new DataTransfer()
  clipboardData.items.add(new File([picture], 'lift.png', {type: 'image/png'}))
  document.getElementById('body').dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}))
}"""


def test_an_article_is_written_with_a_live_preview_a_callout_and_a_pasted_picture(desk):
    page = desk("/desk/articles/new")
    page.fill("#body", "**Lifts** stop at ten.")
    page.locator("#preview strong", has_text="Lifts").wait_for()
    page.get_by_role("button", name="Warning").click()
    page.keyboard.type("Take the stairs.")
    page.locator("#preview .callout-title", has_text="Warning").wait_for()
    page.keyboard.press("End")
    page.keyboard.type("\n\n")
    page.evaluate(_PASTE)
    page.locator("#preview img[alt='lift.png']").wait_for()
    assert page.locator("#preview img").evaluate("async image => { await image.decode(); return image.naturalWidth }") > 0
    page.fill("[name=title]", "When the lifts stop")
    page.select_option("[name=category]", index=1)
    page.get_by_role("button", name="Save and ask for a review").click()
    page.get_by_role("heading", name="When the lifts stop").wait_for()
    assert page.locator("main .chip", has_text="In review").count() > 0
