"""Ways that would open."""

from __future__ import annotations

from monitoring.effective.facts import Kind
from monitoring.review.changes import Action, Change
from monitoring.review.risks import ring
from monitoring.review.risks.matching import Label, Rule, at, either, resource, whole

WIDER = (Action.ADDED, Action.CHANGED)


def _wider(change: Change) -> bool:
    """A way in or out that was not there; a policy that comes, has gone, or holds other pods, opens several."""
    if change.key.kind is not Kind.POLICY or change.key.path.startswith("metadata"):
        return False
    way = change.key.path.startswith(("ingress ", "egress "))
    return change.action is Action.ADDED if way else True


RULES = (
    Rule(
        name="way opened",
        label=Label.EXPOSURE,
        reason="a network policy lets more through, holds other pods, is new or is gone",
        source="docs/reference/flows.md",
        advice="Name the row in flows.py and its reason.",
        applies=_wider,
    ),
    Rule(
        name="public access",
        label=Label.EXPOSURE,
        reason="something may be reached from outside, or another way than by the private endpoint",
        source="tests/laws",
        advice="Use the private endpoint, the internal load balancer and Entra.",
        applies=either(
            resource(
                r"azurerm_storage_account",
                r"(network_rules|sas_policy|public_network|allow_|shared_access|sftp|static_website|min_tls|queue_|share_"
                r"|identity|customer_managed_key|blob_properties\.(cors|container_delete|restore)).*",
                actions=WIDER,
            ),
            resource(
                r"azurerm_managed_disk", r"(network_access|public|disk_access|encryption_settings).*", actions=WIDER
            ),
            resource(r"azurerm_public_ip\w*|azurerm_\w*firewall\w*|azurerm_network_security_\w+"),
            resource(r"kubernetes_(service_v1|ingress_v1)", actions=(Action.ADDED,)),
            resource(r"kubernetes_service_v1", r"(?!metadata\.labels).+", actions=WIDER),
            resource(r"azurerm_private_endpoint", r"|private_.*|subnet_id", actions=(Action.REMOVED, Action.CHANGED)),
            whole(Kind.OBJECT, Action.ADDED, subject=r"(Service|Ingress|HTTPRoute|Gateway|GRPCRoute|TCPRoute)/.*"),
            at(Kind.VALUE, r".*service\.(type|annotations.*|loadBalancer.*|externalIPs.*|nodePort.*)", actions=WIDER),
            at(Kind.VALUE, r".*(ingress|httpRoute|route\.main|gateway)\.(enabled|hosts.*|hostnames.*)", actions=WIDER),
        ),
    ),
    Rule(
        name="role widened",
        label=Label.EXPOSURE,
        reason="an identity may do more, in more places, or somebody else may be it",
        source="docs/architecture.md, identities",
        advice="Grant the least role on the single resource.",
        applies=either(
            resource("azurerm_role_assignment", actions=WIDER),
            resource("azurerm_role_assignment", r"(role_definition|scope|principal|condition|delegated).*"),
            resource("azurerm_role_definition", r"|(permissions|assignable_scopes|scope).*", actions=WIDER),
            resource("azurerm_federated_identity_credential", r"|subject|issuer|audience.*|parent_id"),
            resource("azurerm_user_assigned_identity", actions=(Action.ADDED,)),
            resource(r"kubernetes_(cluster_)?role(_binding)?(_v1)?", ".*"),
            resource(
                "kubernetes_service_account_v1", r"|metadata\.annotations.*", actions=(Action.ADDED, Action.CHANGED)
            ),
            at(Kind.OBJECT, ".*", subject=r"(Cluster)?Role(Binding)?/.*|ServiceAccount/.*"),
            at(Kind.VALUE, r"(.*\.)?(rbac\..*|serviceAccount\.annotations.*|extra(Cluster)?Role.*)"),
            at(Kind.RELEASE, r"set\[.*", actions=(Action.ADDED, Action.CHANGED)),
        ),
    ),
    Rule(
        name="cluster less checked",
        label=Label.EXPOSURE,
        reason="Terraform refuses less of what a cluster lacks (workload identity, Entra, policies), or reads another",
        source="docs/architecture.md, cluster",
        advice="Keep the postcondition.",
        applies=at(
            Kind.RESOURCE,
            r"(?!depends_on|.*error_message).*",
            subject=r"data .*",
            actions=(Action.REMOVED, Action.CHANGED),
        ),
    ),
    Rule(
        name="where Terraform signs in",
        label=Label.EXPOSURE,
        reason="it talks to another subscription, tenant or cluster, or as somebody else",
        source="docs/prerequisites.md",
        advice="Plan it, and read which addresses the plan has.",
        applies=either(
            at(Kind.SETTING, r"(azurerm|helm|kubernetes).*", subject="providers"),
            at(Kind.SETTING, r"required_providers\..*\.source", subject="terraform"),
            at(Kind.RELEASE, r"repository.*|chart|verify|keyring", actions=(Action.REMOVED, Action.CHANGED)),
            at(Kind.VALUE, r"(.*\.)?\w*[iI]mage\.(\w+\.)?(registry|repository|sha|digest)|.*\.image(\.name)?"),
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
                r"(alphaConfig|extraArgs|config|gatewayApi|authenticatedEmailsFile|htpasswdFile|extraEnv|proxyVars"
                r"|sessionStorage|httpScheme|extraVolume).*",
                subject="oauth2-proxy",
            ),
            at(
                Kind.VALUE,
                r"grafana\.(grafana\.ini\.(auth|users|security|snapshots|server).*|admin.*|ldap.*|env.*|assertNoLeak.*)",
            ),
        ),
    ),
    Rule(
        name="TLS or client certificates",
        label=Label.EXPOSURE,
        reason="who is believed on a connection changes, or nobody is asked any more",
        source="docs/certificates.md",
        advice="Prove that a client without a certificate is refused.",
        applies=either(
            at(
                Kind.VALUE,
                r".*(tlsConfig|tls_config|clusterTLS|insecureSkipVerify|-tls-|--tls|client-ca|upstream-ca|secure-listen"
                r"|allow-paths|webhook.*certManager|[sS]cheme\b|basicAuth|authorization|bearerToken).*",
                actions=(Action.REMOVED, Action.CHANGED),
            ),
            at(Kind.OBJECT, r"spec\.(?!dnsNames).*", subject="Certificate/.*"),
            whole(Kind.OBJECT, *Action, subject="ConfigMap/.*"),
            at(Kind.OBJECT, r"data.*", subject=rf"(?!{ring.CONFIG}$)ConfigMap/.*"),
            at(Kind.OBJECT, r"|spec.*", subject="SecretProviderClass/.*", actions=WIDER),
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
                r".*([sS]ecurityContext|hostNetwork|hostPID|hostIPC|hostPath|automountServiceAccountToken|enableAdminAPI"
                r"|enableRemoteWriteReceiver|enableServiceLinks|hostRootFsMount|failurePolicy"
                r"|containers\[|initContainers|sidecars|extraContainers|extraInitContainers).*",
            ),
            resource("kubernetes_namespace_v1", r"metadata\.labels.*"),
            resource("kubernetes_namespace_v1", actions=(Action.ADDED,)),
            whole(Kind.OBJECT, Action.ADDED, subject=r"(Pod|Deployment|DaemonSet|StatefulSet|Job|CronJob)/.*"),
            at(
                Kind.OBJECT,
                rf"(?!{ring.RESTARTED}$)spec.*",
                subject=r"(Pod|Deployment|DaemonSet|StatefulSet|Job|CronJob)/.*",
            ),
        ),
    ),
)
