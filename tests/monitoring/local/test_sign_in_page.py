"""The provider of this machine asks who it is where it has accounts, and says of each what its token says."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import urllib.parse
import urllib.request
from html import unescape
from typing import Any

import pytest

from monitoring.fleet import Region
from monitoring.local.oauth2_proxy import accounts
from monitoring.local.servers import Entra, Person, serving
from monitoring.local.sign_in_page import page

VERIFIER = "a-verifier"
ASKED = {
    "redirect_uri": "https://proxy.example/oauth2/callback",
    "state": 'a"<state>&',
    "nonce": "a-nonce",
    "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode(),
}


@pytest.fixture
def entra() -> Entra:
    person = Person(email="automatic@trial.example", groups=[])
    return Entra(
        issuer="https://issuer.example", client_id="a-client", pod_token=secrets.token_urlsafe(), person=person
    )


def links(html: str) -> list[dict[str, str]]:
    """What each link of a page asks."""
    targets = [unescape(target) for target in re.findall(r'href="([^"]*)"', html)]
    return [dict(urllib.parse.parse_qsl(target.partition("?")[2])) for target in targets]


def claims(entra: Entra, asked: dict[str, str]) -> Any:
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(entra.authorize(asked)).query))["code"]
    tokens = entra.redeem({"code": code, "code_verifier": VERIFIER, "client_assertion": entra.pod_token})
    assert tokens
    return json.loads(base64.urlsafe_b64decode(tokens["id_token"].split(".")[1] + "=="))


def test_sign_in_page_is_skipped_without_accounts(entra: Entra) -> None:
    assert entra.asks(ASKED) is None
    assert claims(entra, ASKED)["email"] == "automatic@trial.example"


def test_a_link_of_the_page_signs_in_the_account_that_it_names(entra: Entra, zoned: Region) -> None:
    entra.accounts = accounts(zoned)
    with serving(entra.handler()) as port:
        url = f"http://127.0.0.1:{port}/authorize?{urllib.parse.urlencode(ASKED)}"
        with urllib.request.urlopen(url, timeout=30) as answer:
            html = answer.read().decode()
    found = links(html)
    assert [ASKED.items() <= one.items() for one in found] == [True] * len(entra.accounts)
    for account, asked in zip(entra.accounts, found, strict=True):
        assert account.person.email in html
        said = claims(entra, asked)
        assert (said["email"], said["groups"]) == (account.person.email, account.person.groups)
        assert said["iss"] == account.claims.get("iss", entra.issuer)


def test_each_account_but_the_first_has_one_reason_to_be_refused(zoned: Region) -> None:
    meant, *others = accounts(zoned)
    assert meant.person.email.endswith(f"@{zoned.access.email_domain}")
    assert meant.person.groups == [zoned.access.allowed_group]
    for one in others:
        reasons = (
            one.person.groups != meant.person.groups,
            not one.person.email.endswith(f"@{zoned.access.email_domain}"),
            "iss" in one.claims,
        )
        assert sum(reasons) == 1


def test_sign_in_page_escapes_request_parameters() -> None:
    html = page([("<b>@x", "<i>")], {"state": '"><script>'}).decode()
    assert "<b>" not in html
    assert "<i>" not in html
    assert "<script>" not in html
