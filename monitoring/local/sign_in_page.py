"""The sign-in page of the test identity provider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

ACCOUNT = "account"
"""The parameter that answers: the number of an account."""

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Sign in</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 32rem; margin: 4rem auto; }}
a {{ display: block; padding: .6rem 1rem; margin: .6rem 0; border: 1px solid #888; border-radius: .3rem;
  color: inherit; text-decoration: none; }}
small {{ display: block; color: #555; }}
</style>
<h1>Sign in</h1>
<p>This stands for Entra on this machine. It asks for no password.</p>
{accounts}
</html>
"""


def page(offered: Sequence[tuple[str, str]], asked: Mapping[str, str]) -> bytes:
    """HTML with a link per account, as its address and what becomes of it; each link repeats what was `asked`."""
    links = (
        f'<a href="/authorize?{escape(urlencode({**asked, ACCOUNT: number}))}">'
        f"{escape(address)}<small>{escape(says)}</small></a>"
        for number, (address, says) in enumerate(offered)
    )
    return PAGE.format(accounts="\n".join(links)).encode()
