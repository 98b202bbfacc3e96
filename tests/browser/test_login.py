"""The way in, and the first page behind it, in a real browser."""

from support.server import HELLO, Server

from .conftest import Open


def test_a_person_logs_in_looks_at_the_list_and_logs_out(opened: Open, server: Server) -> None:
    run = server.submit(HELLO)
    window = opened(known=False)
    window.expected.append("status of 403")
    page = window.goto(f"/runs/{run}")
    assert "/login" in page.url
    window.check_accessible()
    page.get_by_label("Token").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    window.check_accessible()
    page.get_by_label("Token").fill(server.token)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/runs/{run}")
    page.get_by_role("link", name="Flow", exact=True).click()
    page.get_by_role("link", name=run).wait_for()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(server.url + "/login")
    assert "/login" in window.goto("/").url
