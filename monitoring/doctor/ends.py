"""What ends some day: certificates, the authorities behind them, roots, secrets."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from monitoring.doctor.row import NOTICE, Row, State, ending, items, time_of, unknown
from monitoring.fleet.model import Region
from monitoring.fleet.trust import NOTICE as ROOT_NOTICE
from monitoring.fleet.trust import authorities
from monitoring.prerequisites.step import at

CERTIFICATES = "docs/certificates.md"
OVERDUE = timedelta(days=1)
"""After the time at which cert-manager wants to renew."""
AUTHORITY_NOTICE = timedelta(days=90)
"""An intermediate authority is signed by people, and every leaf is to be issued anew."""


def certificates(found: Any, now: datetime) -> Iterator[Row]:
    """Each Certificate of cert-manager: ready, renewed in time."""
    for one in items(found):
        name = at(one, "metadata.name")
        conditions = {each.get("type"): each for each in at(one, "status.conditions") or ()}
        ready = at(conditions, "Ready.status") == "True"
        ends, renewal = time_of(at(one, "status.notAfter")), time_of(at(one, "status.renewalTime"))
        if ends is None or not ready or ends <= now:
            state = State.DUE
        else:
            state = State.SOON if renewal and now - renewal > OVERDUE else State.FINE
        yield Row(
            subject=f"certificate {name}",
            state=state,
            found=f"{'ready' if ready else 'not ready'}, ends {_day(ends)}",
            expected=f"renewed on {_day(renewal)}",
            action="" if state is State.FINE else f"kubectl describe certificate {name} -n monitoring",
            page=CERTIFICATES,
        )
    if not items(found):
        yield unknown("certificates", "there is none", expected="one for each component that speaks TLS")


def intermediates(requests: Any, now: datetime) -> Iterator[Row]:
    """The authorities that have signed, from the chains of the CertificateRequests: public, no key is read.

    Of two of one name the one that ends later counts: it has followed the other.
    """
    chains = {str(at(one, "status.certificate")) for one in items(requests) if at(one, "status.certificate")}
    known: dict[str, datetime] = {}
    unread = 0
    for chain in chains:
        try:
            found = authorities(base64.b64decode(chain, validate=True).decode())
        except (ValueError, binascii.Error):
            unread += 1
            continue
        for name, ends in found:
            known[name] = max(ends, known.get(name, ends))
    if unread:
        yield unknown("issuing authorities", f"{unread} of {len(chains)} chains cannot be read")
    for name, ends in sorted(known.items()):
        action = "sign another intermediate authority"
        yield _authority(f"issuing authority {name}", ends, now, notice=AUTHORITY_NOTICE, action=action)
    if not known and not unread:
        yield unknown("issuing authorities", "no chain names one")


def roots(region: Region, now: datetime) -> Iterator[Row]:
    """The roots of the region's file."""
    for root in region.trust:
        action = "let another root follow it, in every region"
        yield _authority(f"root {root.name}", root.ends, now, notice=ROOT_NOTICE, action=action)
    if not region.trust:
        yield Row(
            subject="roots",
            state=State.DUE,
            found="none in `trust`",
            expected="at least one",
            action="make a root",
            page=CERTIFICATES,
        )


def _authority(subject: str, ends: datetime, now: datetime, *, notice: timedelta, action: str) -> Row:
    state = ending(ends, now, notice=notice)
    return Row(
        subject=subject,
        state=state,
        found=f"ends {_day(ends)}",
        expected=f"{notice.days} days or more",
        action="" if state is State.FINE else action,
        page=CERTIFICATES,
    )


def secrets(names: set[str], found: Any, now: datetime) -> Iterator[Row]:
    """Each secret that a component reads: `az keyvault secret list` says dates, and no value."""
    listed = {one.get("name"): at(one, "attributes") or {} for one in items(found)}
    for name in sorted(names):
        attributes = listed.get(name)
        ends = time_of(at(attributes, "expires"))
        if attributes is None or attributes.get("enabled") is False:
            state, told = State.DUE, "not there" if attributes is None else "disabled"
        elif ends is None:
            state, told = State.SOON, "no end date"
        else:
            state, told = ending(ends, now), f"ends {_day(ends)}"
        yield Row(
            subject=f"secret {name}",
            state=state,
            found=told,
            expected=f"an end date that is {NOTICE.days} days away or more",
            action="" if state is State.FINE else "write a new version, with --expires",
            page="docs/operations.md",
        )


def _day(at_: datetime | None) -> str:
    return f"{at_:%Y-%m-%d}" if at_ else "nobody knows when"
