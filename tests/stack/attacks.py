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
    "test_alternative_spellings_of_a_denied_path_are_denied": Attack(
        attack="shut paths, signed in: case, ;, %00, %20, %3f, %252f, %5c", holds="403: no upstream has such a path"
    ),
    "test_path_override_headers_are_ignored": Attack(
        attack="X-Forwarded-Uri, X-Original-Url, X-Rewrite-Url",
        holds="believed from trusted_proxies alone, and dropped",
    ),
    "test_unauthenticated_request_reaches_no_upstream": Attack(
        attack="every open path without a session, by four methods", holds="401, or the way to Entra"
    ),
    "test_identity_headers_from_the_client_are_removed": Attack(
        attack="headers that say who comes, signed in", holds="dropped, or replaced by what Entra says"
    ),
    "test_the_sign_in_brings_the_pods_own_token": Attack(
        attack="a sign-in without the pod's own token", holds="Entra redeems no code", tries=1
    ),
    "test_user_outside_the_allowed_group_is_refused": Attack(
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
    "test_wrong_basic_auth_password_is_refused": Attack(attack="wrong passwords, other schemes", holds="401"),
    "test_sign_in_redirects_to_no_other_host": Attack(
        attack="redirects after sign-in to another host", holds="they lead to /", tries=1
    ),
    "test_forwarded_headers_are_trusted_only_from_the_gateway": Attack(
        attack="a page called an API by X-Forwarded-Uri", holds="--trusted-proxy-ip", tries=1
    ),
    "test_forged_host_header_does_not_change_the_redirect": Attack(
        attack="X-Forwarded-Host, X-Forwarded-Proto", holds="--trusted-proxy-ip", tries=2
    ),
    "test_no_request_header_authenticates": Attack(
        attack="headers that would say who comes, without a session", holds="401, or the way to Entra"
    ),
    "test_no_host_opens_a_path_or_signs_in": Attack(
        attack="other names in Host", holds="none is looked at; 403 and 401 as ever"
    ),
    "test_upgrade_header_does_not_open_a_denied_path": Attack(
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
    "test_client_without_a_trusted_certificate_is_refused": Attack(
        at="Receive router; Query, StoreAPI",
        attack="no, foreign, expired certificate; one for servers",
        holds=TLS,
        tries=1,
    ),
    "test_the_router_refuses_plain_http": Attack(
        at="Receive router", attack="plain HTTP", holds="it speaks TLS alone", tries=1
    ),
    "test_tls_versions_below_1_3_are_refused": Attack(
        at="Prometheus; router; Query", attack="TLS 1.2", holds="TLS 1.3 alone", tries=1
    ),
    "test_region_query_accepts_the_global_view_certificate_and_refuses_untrusted_ones": Attack(
        at="Query, StoreAPI", attack="no, or a foreign certificate, at every region", holds=TLS, tries=6
    ),
    "test_federation_without_client_certificate_is_refused": Attack(
        at="federation",
        attack="no certificate",
        holds="TLS, here of Prometheus itself; deployed, of kube-rbac-proxy",
        tries=1,
    ),
    "test_alertmanager_gossip_refuses_a_peer_of_another_root": Attack(
        at="Alertmanager, gossip", attack="a foreign certificate", holds=TLS, tries=1
    ),
    "test_denied_admin_apis_are_also_disabled_in_the_component": Attack(
        at="Prometheus", attack="administration at its own port", holds="off: no flag of ours switches it on", tries=1
    ),
}
