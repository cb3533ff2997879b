def test_pages(browse, alpha, customer_browser, in_tenant, run_due):
    from tests import factories

    b = browse(alpha)
    with in_tenant(alpha) as s:
        a = factories.article(
            s, title="How to get an invoice", body="## One\n\ntext\n\n## Two\n\ninvoice text\n\n## Three\n\nmore"
        )
        t = factories.ticket(s)
    run_due()
    for path in [
        "/en/",
        f"/en/a/{a.id}-how-to-get-an-invoice",
        f"/en/c/{a.category_id}-rooms",
        "/en/search?q=invoice",
        "/en/search?q=zzzz",
        "/en/search",
        "/en/search/suggestions?q=in",
        "/en/requests/new",
        "/en/requests/suggestions?subject=invoice",
        f"/en/requests/{t.public_id}",
        f"/en/requests/{t.public_id}/conversation",
        f"/en/requests/{t.public_id}/rate?score=3",
        "/signin",
        "/signin/code?email=a@b.example",
        "/signin/password",
        "/brand.css?v=1d4ed8",
        "/robots.txt",
    ]:
        r = b.get(path)
        print(path, r.status_code, len(r.text))
        if r.status_code != 200:
            print(r.text[:3000])
    for path in ["/", "/nope", "/en/nope", "/signin/link/xyz", "/en/requests", "/account"]:
        r = b.get(path)
        print(path, r.status_code, r.headers.get("Location"))
    c = customer_browser(alpha)
    for path in ["/en/requests", "/account", "/en/", "/en/requests/new"]:
        r = c.get(path)
        print(path, r.status_code, len(r.text))
        if r.status_code != 200:
            print(r.text[:3000])
    assert 0
