"""Roots are read strictly, and what will be wrong with them one day is told beforehand."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitoring.fleet import load_fleet
from monitoring.fleet.trust import Root, warnings
from monitoring.local.authorities import issue

REGIONS = Path(__file__).parent / "regions"
ROOT = issue("a root", authority=True)
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_root_certificate_has_its_subject_and_expiry() -> None:
    root = Root.parse(ROOT.pem)
    assert root == Root(ROOT.pem, "a root", ROOT.certificate.not_valid_after_utc)


def test_a_root_without_its_last_newline_can_be_followed_by_another() -> None:
    assert Root.parse(ROOT.pem.rstrip("\n")) == Root.parse(ROOT.pem)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (5, "must be the text of a PEM certificate"),
        ("", "must be one PEM certificate"),
        (ROOT.pem * 2, "must be one PEM certificate"),
        (f"my root:\n{ROOT.pem}", "must be one PEM certificate"),
        (ROOT.pem.replace("\n", "\r\n"), "must be one PEM certificate"),
        (ROOT.pem.replace("BEGIN CERTIFICATE", "BEGIN X509 CRL"), "must be one PEM certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "must be a certificate, got what OpenSSL cannot read",
        ),
        (issue("a leaf").pem, r"must be the certificate of an authority \(CA: true\), got a leaf's"),
        (
            issue("below", by=ROOT, authority=True).pem,
            "must be a root, which issues itself, got below, issued by a root",
        ),
        (ROOT.pem + ROOT.key_pem, "must be a certificate, got a private key"),
    ],
)
def test_pem_that_is_not_a_root_certificate_is_refused(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}") as caught:
        Root.parse(text)
    assert not isinstance(text, str) or text.strip() == "" or text not in str(caught.value)


@pytest.mark.parametrize(
    ("days", "told"),
    [(0, "must be taken out, got a root, which ended on"), (90, "must be followed by"), (180, None), (181, None)],
)
def test_expiring_and_expired_roots_are_warned_about(days: int, told: str | None) -> None:
    root = Root.parse(ROOT.pem)
    messages = [message for _, message in warnings([root], root.ends - timedelta(days=days))]
    assert len(messages) == (told is not None)
    assert all(message.startswith(str(told)) for message in messages)


def test_expired_root_warning_points_at_its_own_list_entry() -> None:
    good = Root("", "good", datetime(2030, 1, 1, tzinfo=UTC))
    ended = Root("", "ended", datetime(2020, 1, 1, tzinfo=UTC))
    assert [path for path, _ in warnings([good, ended], NOW)] == [("trust", 1)]


def test_a_fleet_without_a_root_is_a_warning_at_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(REGIONS, folder)
    common = folder / "_common.yaml"
    text = common.read_text(encoding="utf-8")
    before, _, after = text.partition("trust:")
    common.write_text(before + "trust: []\n" + after[after.index("disk_snapshots") :], encoding="utf-8")
    (warning,) = load_fleet(folder).warnings(NOW)
    assert str(warning) == (
        f"regions/_common.yaml:{before.count(chr(10)) + 1}: trust must hold a root before a deploy, got none: "
        "what needs the bundle does not start"
    )


def test_private_key_in_place_of_roots_is_not_echoed(tmp_path: Path) -> None:
    folder = tmp_path / "regions"
    shutil.copytree(REGIONS, folder)
    with (folder / "trial-beta.yaml").open("a") as file:
        file.write("trust: a-secret-by-mistake\n")
    with pytest.raises(Exception, match="trust must be a list of PEM certificates") as caught:
        load_fleet(folder)
    assert "by-mistake" not in str(caught.value)
