"""Ways that would open."""

from __future__ import annotations

from monitoring.review.changes import Action, Change
from monitoring.review.facts import Kind
from monitoring.review.risks.matching import (
    Label,
    Rule,
    at,
    either,
    resource,
)


def _wider(change: Change) -> bool:
    """A way in or out that was not there; a policy that has gone opens all of them."""
    if change.key.kind is not Kind.POLICY:
        return False
    if not change.key.path:
        return change.action is Action.REMOVED
    way = change.key.path.startswith(("ingress ", "egress "))
    return change.action is Action.ADDED if way else change.action is not Action.ADDED


RULES = (
    Rule(
        name="way opened",
        label=Label.EXPOSURE,
        reason="a network policy lets more through, or is gone",
        source="docs/reference/flows.md",
        advice="Name the row in flows.py and its reason.",
        applies=_wider,
    ),
    Rule(
        name="public access",
        label=Label.EXPOSURE,
        reason="a store or disk is reachable from outside, or by a key",
        source="tests/laws",
        advice="Use the private endpoint and Entra.",
        applies=either(
            at(
                Kind.RESOURCE,
                r".*(public_network_access_enabled|allow_nested_items_to_be_public|shared_access_key_enabled"
                r"|local_user_enabled|cross_tenant_replication_enabled|network_access_policy|min_tls_version"
                r"|https_traffic_only_enabled|default_to_oauth_authentication).*",
            ),
            at(Kind.VALUE, r".*service\.(type|annotations.*|loadBalancer.*)", actions=(Action.ADDED, Action.CHANGED)),
        ),
    ),
    Rule(
        name="role widened",
        label=Label.EXPOSURE,
        reason="an identity may do more, in more places, or somebody else may be it",
        source="docs/architecture.md, identities",
        advice="Grant the least role on the single resource.",
        applies=either(
            resource("azurerm_role_assignment", r"role_definition_.*|scope", actions=(Action.CHANGED, Action.ADDED)),
            resource("azurerm_role_assignment", "", actions=(Action.ADDED,)),
            resource(
                "azurerm_role_definition", r"(permissions|assignable_scopes).*", actions=(Action.ADDED, Action.CHANGED)
            ),
            resource("azurerm_federated_identity_credential", r"subject|issuer|audience.*"),
        ),
    ),
    Rule(
        name="proxy",
        label=Label.EXPOSURE,
        reason="what oauth2-proxy lets in, whom it believes or what it guards with changes",
        source="docs/access.md",
        advice="Try the closed paths and a stranger's sign-in after the deploy.",
        applies=either(
            at(
                Kind.VALUE,
                r"(alphaConfig|extraArgs|config|gatewayApi|authenticatedEmailsFile).*",
                subject="oauth2-proxy",
            ),
            at(Kind.VALUE, r"grafana\.grafana\.ini\.(auth|users|security).*"),
        ),
    ),
    Rule(
        name="TLS or client certificates",
        label=Label.EXPOSURE,
        reason="who is believed on a connection changes, or nobody is asked any more",
        source="docs/certificates.md",
        advice="Prove that a client without a certificate is refused.",
        applies=at(
            Kind.VALUE,
            r".*(tlsConfig|clusterTLS|insecureSkipVerify|-tls-|client-ca|webhook.*certManager).*",
            actions=(Action.REMOVED, Action.CHANGED),
        ),
    ),
    Rule(
        name="pod rights",
        label=Label.EXPOSURE,
        reason="a pod or namespace gets rights that Pod Security restricted refuses",
        source="Kubernetes, Pod Security Standards",
        advice="Keep it restricted; node-exporter alone is privileged.",
        applies=either(
            at(
                Kind.VALUE,
                r".*(securityContext|hostNetwork|hostPID|rbac|automountServiceAccountToken|enableAdminAPI"
                r"|enableRemoteWriteReceiver).*",
            ),
            resource("kubernetes_namespace_v1", r".*pod-security.*"),
        ),
    ),
)
