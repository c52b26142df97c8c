"""Which tests of the stack are attacks, and how the table of attacks calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Attack:
    """A row, summed over a test's cases; without `tries` it is as many as oauth2-proxy was asked for."""

    at: str = "oauth2-proxy"
    attack: str
    holds: str
    tries: int | None = None


TLS = "TLS: RequireAndVerifyClientCert"
NO_SESSION = "no session: 403 at the way back from Entra"

ATTACKS: Mapping[str, Attack] = {
    "test_every_other_path_ends_at_oauth2_proxy_however_it_is_written": Attack(
        attack="shut paths, signed in: //, %2e%2e, %2f, encoded letters, absolute form",
        holds="403, 400, or 301 to itself",
    ),
    "test_spellings_of_a_shut_path_are_shut": Attack(
        attack="shut paths, signed in: case, ;, %00, %20, %3f, %252f, %5c", holds="403: no upstream has such a path"
    ),
    "test_a_header_does_not_stand_in_for_the_path": Attack(
        attack="X-Forwarded-Uri, X-Original-Url, X-Rewrite-Url",
        holds="believed from trusted_proxies alone, and dropped",
    ),
    "test_who_has_not_signed_in_reaches_nothing": Attack(
        attack="every open path without a session, by four methods", holds="401, or the way to Entra"
    ),
    "test_what_a_client_says_of_itself_is_dropped": Attack(
        attack="headers that say who comes, signed in", holds="dropped, or replaced by what Entra says"
    ),
    "test_the_sign_in_brings_the_pods_own_token": Attack(
        attack="a sign-in without the pod's own token", holds="Entra redeems no code", tries=1
    ),
    "test_who_is_not_meant_does_not_get_in": Attack(
        attack="people of another group or domain", holds=NO_SESSION, tries=1
    ),
    "test_a_token_of_another_tenant_application_or_sign_in_is_refused": Attack(
        attack="tokens: other tenant, application, sign-in; expired; unverified address", holds=NO_SESSION, tries=1
    ),
    "test_a_session_ends_after_eight_hours": Attack(
        attack="sessions older than eight hours", holds="the signed time in the cookie", tries=2
    ),
    "test_a_forged_session_is_refused": Attack(
        attack="forged sessions: other value, time, signature, plain text", holds="HMAC, then AES"
    ),
    "test_a_wrong_password_stays_outside": Attack(attack="wrong passwords, other schemes", holds="401"),
    "test_signing_in_leads_to_no_other_host": Attack(
        attack="redirects after sign-in to another host", holds="they lead to /", tries=1
    ),
    "test_only_the_gateway_says_what_was_asked": Attack(
        attack="a page called an API by X-Forwarded-Uri", holds="--trusted-proxy-ip", tries=1
    ),
    "test_a_forged_host_does_not_bend_the_way_back": Attack(
        attack="X-Forwarded-Host, X-Forwarded-Proto", holds="--trusted-proxy-ip", tries=2
    ),
    "test_no_header_signs_anybody_in": Attack(
        attack="headers that would say who comes, without a session", holds="401, or the way to Entra"
    ),
    "test_no_host_opens_a_path_or_signs_in": Attack(
        attack="other names in Host", holds="none is looked at; 403 and 401 as ever"
    ),
    "test_an_upgrade_opens_no_shut_path": Attack(
        attack="shut paths as a WebSocket, by other methods, signed in", holds="403"
    ),
    "test_a_token_in_the_place_of_a_session_is_refused": Attack(
        attack="tokens as a bearer or a cookie, forged and of our own tenant", holds="401: a session or a password only"
    ),
    "test_a_session_of_another_region_is_refused": Attack(
        attack="a session of another region", holds="each region's cookie secret is its own", tries=1
    ),
    "test_no_redirect_leads_to_another_host": Attack(
        attack="redirects at sign-in and sign-out to another host", holds="each stays on the host, or leads to Entra"
    ),
    "test_nobody_else_gets_in": Attack(
        at="Receive router; Query, StoreAPI",
        attack="no, foreign, expired certificate; one for servers",
        holds=TLS,
        tries=1,
    ),
    "test_the_router_refuses_plain_http": Attack(
        at="Receive router", attack="plain HTTP", holds="it speaks TLS alone", tries=1
    ),
    "test_nothing_older_than_tls_1_3_is_spoken": Attack(
        at="Prometheus; router; Query", attack="TLS 1.2", holds="TLS 1.3 alone", tries=1
    ),
    "test_a_region_lets_in_who_shows_the_certificate_of_a_global_view": Attack(
        at="Query, StoreAPI", attack="no, or a foreign certificate, at every region", holds=TLS, tries=6
    ),
    "test_without_a_certificate_nobody_fetches": Attack(
        at="federation",
        attack="no certificate",
        holds="TLS, here of Prometheus itself; deployed, of kube-rbac-proxy",
        tries=1,
    ),
    "test_those_of_the_roots_form_a_cluster_and_a_foreign_one_stays_out": Attack(
        at="Alertmanager, gossip", attack="a foreign certificate", holds=TLS, tries=1
    ),
    "test_what_is_shut_is_off_besides": Attack(
        at="Prometheus", attack="administration at its own port", holds="off: no flag of ours switches it on", tries=1
    ),
}
