"""The AKS cluster: its settings, and what runs in it before the first release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.values.charts import versions
from monitoring.fleet.model import Region
from monitoring.prerequisites.azure import az, get, group_id, group_step
from monitoring.prerequisites.step import Condition, Known, Raw, Step, Wanted, at, shell

GATEWAY_CLASS = "approuting-istio"
CERT_MANAGER = "cert-manager"
FIRST_LOCAL_DNS = 37
"""Minor version of Kubernetes from which AKS turns LocalDNS on by itself (docs/network-policies.md)."""

ON = Condition("true", lambda value: str(value).casefold() == "true")
NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def show(region: Region) -> tuple[str, ...]:
    """The command that shows the cluster."""
    return az("aks", "show", *name_options(region))


def name_options(region: Region) -> tuple[str, ...]:
    """The options that say which cluster."""
    cluster = region.cluster
    return (
        *("--name", cluster.name, "--resource-group", cluster.resource_group),
        *("--subscription", region.subscription_id),
    )


def step_name(region: Region) -> str:
    """Name of the step that the cluster is there."""
    return f"cluster {region.cluster.name}"


def steps(region: Region) -> Iterator[Step]:
    """The cluster, each setting, then what is in it."""
    yield from _identity(region)
    yield Step(
        name=step_name(region),
        look=show(region),
        wanted=(Wanted(fields=_fixed(region)),),
        by_hand="make it as the platform's owner decides, with the network, engine and identity of the region's file "
        "(docs/prerequisites.md); then `az aks get-credentials` and `kubelogin convert-kubeconfig -l azurecli`",
        needs=(group_step(region, region.subscription_id, region.cluster.resource_group),),
    )
    for name, fields, options in _settings(region):
        update = shell("az", "aks", *options, *name_options(region), "--output", "none")
        yield Step(
            name=f"{name} of {region.cluster.name}",
            look=show(region),
            wanted=(Wanted(fields=fields),),
            make=update,
            mend=update,
            needs=(step_name(region),),
        )
    if region.cluster.host_name_policies:
        yield _local_dns(region)
    yield from _cert_manager(region)
    yield from _gateway(region)


def _identity(region: Region) -> Iterator[Step]:
    group = region.cluster.control_plane_identity_resource_group
    named = (
        *("--name", region.cluster.control_plane_identity, "--resource-group", group),
        *("--subscription", region.subscription_id),
    )
    yield Step(
        name=f"identity {region.cluster.control_plane_identity}",
        look=az("identity", "show", *named),
        make=shell("az", "identity", "create", *named, "--location", region.location),
        needs=(group_step(region, region.subscription_id, group),),
    )


def _identity_id(region: Region) -> str:
    group = group_id(region.subscription_id, region.cluster.control_plane_identity_resource_group)
    name = region.cluster.control_plane_identity
    return f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"


def _fixed(region: Region) -> dict[str, Any]:
    """What is chosen when a cluster is made; to change it later moves pods or reimages every node."""
    pods = str(region.network.pod_network)
    identity = _identity_id(region).casefold()
    minors = versions().kubernetes.minors
    return {
        "currentKubernetesVersion": Condition(
            f"of {' or '.join(minors)} (helm-values/versions.yaml)",
            lambda version: version.rpartition(".")[0] in minors,
        ),
        "networkProfile.networkPolicy": region.cluster.network_policy_engine,
        "networkProfile.podCidr": Condition(f"{pods} or empty (no overlay)", lambda found: found in {None, "", pods}),
        "agentPoolProfiles.vnetSubnetId": region.network.node_subnet_id,
        "identity.userAssignedIdentities": Condition(
            f"{region.cluster.control_plane_identity} (az aks update --enable-managed-identity --assign-identity)",
            lambda found: identity in {one.casefold() for one in found or ()},
        ),
    }


def _settings(region: Region) -> Iterator[tuple[str, dict[str, Any], tuple[str, ...]]]:
    yield (
        "sign-in by Entra alone",
        {"aadProfile.managed": True, "aadProfile.enableAzureRbac": True, "disableLocalAccounts": True},
        ("update", "--enable-aad", "--enable-azure-rbac", "--disable-local-accounts"),
    )
    yield (
        "workload identity",
        {"oidcIssuerProfile.enabled": True, "securityProfile.workloadIdentity.enabled": True},
        ("update", "--enable-oidc-issuer", "--enable-workload-identity"),
    )
    if region.cluster.host_name_policies:
        acns = "networkProfile.advancedNetworking"
        named = Condition("FQDN or L7", lambda found: found in {"FQDN", "L7"})
        yield (
            "policies by host name",
            {f"{acns}.enabled": True, f"{acns}.security.advancedNetworkPolicies": named},
            ("update", "--enable-acns", "--acns-advanced-networkpolicies", "FQDN"),
        )
    driver = "addonProfiles.azureKeyvaultSecretsProvider"
    rotation = {f"{driver}.config.enableSecretRotation": ON}
    addon = "azure-keyvault-secrets-provider"
    yield (
        "Key Vault driver",
        {f"{driver}.enabled": True},
        ("enable-addons", "--addons", addon, "--enable-secret-rotation"),
    )
    yield (
        "rotation of the Key Vault driver",
        rotation,
        ("update", "--enable-secret-rotation"),
    )


def _local_dns(region: Region) -> Step:
    """From Kubernetes 1.37 on, AKS turns it on where a pool says nothing; policies by host name do not work with it."""
    cluster = ("--cluster-name", region.cluster.name, "--resource-group", region.cluster.resource_group)
    within = (*cluster, "--subscription", region.subscription_id)
    off = Condition(
        "with localDnsProfile.mode Disabled in each pool (1.36 and older: or nothing)",
        lambda pools: all(_off(pool) for pool in pools),
    )
    names = shell("az", "aks", "nodepool", "list", *within, "--query", "[].name", "--output", "tsv")
    update = shell("az", "aks", "nodepool", "update", *within, "--localdns-config", "localdns.json", "--output", "none")
    return Step(
        name=f"no LocalDNS in {region.cluster.name}",
        look=az("aks", "nodepool", "list", *within),
        wanted=(Wanted(fields={"": off}),),
        make='printf \'{"mode": "Disabled"}\' >localdns.json\n'
        + f'for pool in $({names}); do\n  {update} --name "$pool"\ndone',
        by_hand="the command reimages the nodes of each pool, one pool after the other: choose the hour",
        needs=(step_name(region),),
    )


def _off(pool: Any) -> bool:
    mode = at(pool, "localDNSProfile.mode")
    return bool(
        mode == "Disabled" or (mode is None and int(pool["currentOrchestratorVersion"].split(".")[1]) < FIRST_LOCAL_DNS)
    )


def _cert_manager(region: Region) -> Iterator[Step]:
    installed = f"{CERT_MANAGER} in {region.cluster.name}"
    install = (
        *("helm", "upgrade", "--install", CERT_MANAGER, "oci://quay.io/jetstack/charts/cert-manager"),
        *("--kube-context", region.cluster.name, "--namespace", CERT_MANAGER, "--create-namespace", "--wait"),
        *("--set", "crds.enabled=true", "--set", "global.rbac.aggregateClusterRoles=false"),
    )
    yield Step(
        name=installed,
        look=get(region, "customresourcedefinition", "certificates.cert-manager.io"),
        make=shell(*install),
        needs=(step_name(region),),
    )
    narrow = Condition(
        "without aggregate-to-…, by which who may edit a namespace may have a certificate for any name",
        lambda labels: not any("aggregate-to-" in label for label in labels or ()),
    )
    yield Step(
        name=f"narrow roles of {CERT_MANAGER} in {region.cluster.name}",
        look=get(region, "clusterrole", f"{CERT_MANAGER}-edit"),
        wanted=(Wanted(fields={"metadata.labels": narrow}),),
        make=shell(*install),
        by_hand="the chart's value global.rbac.aggregateClusterRoles must be false: helm upgrade by who installed it",
        needs=(installed,),
    )
    yield _issuer(region, installed)


def _issuer(region: Region, installed: str) -> Step:
    issuer = region.certificates.issuer
    own = (issuer.kind, issuer.group) == ("ClusterIssuer", "cert-manager.io")
    namespace = None if issuer.kind == "ClusterIssuer" else NAMESPACE
    return Step(
        name=f"issuer {issuer.name} in {region.cluster.name}",
        look=get(region, f"{issuer.kind.lower()}.{issuer.group}", issuer.name, namespace=namespace),
        wanted=(Wanted(among="status.conditions", item={"type": "Ready"}, fields={"status": "True"}),),
        make=_intermediate(region) if own else "",
        by_hand="root.pem and root.key are in the current folder (docs/certificates.md)"
        if own
        else f"a {issuer.kind} of {issuer.group} that can issue for {NAMESPACE}",
        needs=(installed,),
    )


def _intermediate(region: Region) -> str:
    name, issuer = region.name, region.certificates.issuer.name
    subject = f"/O=Oversight/CN=Oversight monitoring {name} 1"
    kubectl = f"kubectl --context {shell(region.cluster.name)}"
    return f"""\
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout {name}.key -out {name}.csr \\
  -subj {shell(subject)}
printf '%s\\n' basicConstraints=critical,CA:true,pathlen:0 keyUsage=critical,keyCertSign,cRLSign \\
  subjectKeyIdentifier=hash authorityKeyIdentifier=keyid >intermediate.ext
openssl x509 -req -in {name}.csr -CA root.pem -CAkey root.key -sha256 -days 1095 -extfile intermediate.ext \\
  -out {name}.pem
{kubectl} create secret tls {issuer}-ca --namespace {CERT_MANAGER} --cert {name}.pem --key {name}.key \\
  --dry-run=client -o yaml | {kubectl} apply -f -
shred -u {name}.key
{kubectl} apply -f - <<'ISSUER'
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {{name: {issuer}}}
spec:
  ca: {{secretName: {issuer}-ca}}
ISSUER
{kubectl} wait clusterissuer/{issuer} --for=condition=Ready --timeout=2m"""


def _gateway(region: Region) -> Iterator[Step]:
    gateway = region.access.gateway
    classed = f"Gateway API in {region.cluster.name}"
    enable = ("az", "aks", "update", "--enable-gateway-api", "--enable-app-routing-istio", *name_options(region))
    yield Step(
        name=classed,
        look=get(region, "gatewayclass.gateway.networking.k8s.io", GATEWAY_CLASS),
        make=shell(*enable, "--output", "none"),
        needs=(step_name(region),),
    )
    named = f"Gateway {gateway.namespace}/{gateway.name} in {region.cluster.name}"
    look = get(region, "gateway.gateway.networking.k8s.io", gateway.name, namespace=gateway.namespace)
    admits = Condition(f"all, or those with the name {NAMESPACE}", _admits)
    ends = Condition("Terminate", lambda mode: mode in {None, "Terminate"})
    listener = {"name": gateway.listener}
    yield Step(
        name=named,
        look=look,
        wanted=(
            Wanted(
                among="spec.listeners",
                item=listener,
                fields={"protocol": "HTTPS", "tls.mode": ends, "allowedRoutes.namespaces": admits},
            ),
            Wanted(among="status.conditions", item={"type": "Programmed"}, fields={"status": "True"}),
        ),
        make=_gateway_manifest(region),
        by_hand="others may use the Gateway: add the listener, or the namespace to those that it admits, by hand",
        needs=(classed,),
    )
    secret = f"{gateway.name}-tls"
    resolved = Condition(
        "ResolvedRefs: True",
        lambda found: any(one.get("type") == "ResolvedRefs" and one.get("status") == "True" for one in found or ()),
    )
    yield Step(
        name=f"certificate of the listener {gateway.listener} in {region.cluster.name}",
        look=look,
        wanted=(Wanted(among="status.listeners", item=listener, fields={"conditions": resolved}),),
        by_hand=f"the Secret {secret} in {gateway.namespace}: a certificate of {region.access.host}, by whatever "
        "issuer the domain has (kubectl create secret tls)",
        needs=(named,),
    )
    yield _public_name(region, look, named)


def _admits(namespaces: Any) -> bool:
    chosen = namespaces or {}
    selected = (chosen.get("selector") or {}).get("matchLabels") or {}
    return bool(chosen.get("from") == "All" or selected.get(NAMESPACE_LABEL) == NAMESPACE)


def _gateway_manifest(region: Region) -> str:
    gateway = region.access.gateway
    kubectl = f"kubectl --context {shell(region.cluster.name)}"
    domain = region.access.host.partition(".")[2]
    return f"""\
{kubectl} create namespace {gateway.namespace} --dry-run=client -o yaml | {kubectl} apply -f -
{kubectl} apply -f - <<'GATEWAY'
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {gateway.name}, namespace: {gateway.namespace}}}
spec:
  gatewayClassName: {GATEWAY_CLASS}
  listeners:
    - name: {gateway.listener}
      protocol: HTTPS
      port: 443
      hostname: "*.{domain}"
      tls:
        mode: Terminate
        certificateRefs: [{{name: {gateway.name}-tls}}]
      allowedRoutes:
        namespaces:
          from: Selector
          selector: {{matchLabels: {{{NAMESPACE_LABEL}: {NAMESPACE}}}}}
GATEWAY
{kubectl} wait gateway/{gateway.name} --namespace {gateway.namespace} --for=condition=Programmed --timeout=10m"""


def _public_name(region: Region, gateway: tuple[str, ...], named: str) -> Step:
    """The DNS zone is whichever of the subscription's the host is in: no field says it."""
    host = region.access.host
    within = ("--subscription", region.subscription_id)

    mine = f"[?ends_with('{host}', join('', ['.', name]))]."

    def of_zone(path: str) -> Known:
        listed = ("az", "network", "dns", "zone", "list", *within, "--output", "tsv", "--query")
        return Known(
            name=f"the DNS zone of {host}: the subscription has none",
            look=az("network", "dns", "zone", "list", *within),
            wanted=Wanted(
                among="", item={"name": Condition(f"a zone of {host}", lambda name: host.endswith(f".{name}"))}
            ),
            path=path,
            text=f"$({shell(*listed, mine + path + ' | [0]')})",
        )

    group, zone = of_zone("resourceGroup"), of_zone("name")
    answers = Known(
        name="the Gateway's address",
        look=gateway,
        path="status.addresses.value",
        text=f"$({shell(*gateway[:-1], 'jsonpath={.status.addresses[0].value}')})",
    )
    to = ("--ipv4-address", answers, *within)
    add = ("az", "network", "dns", "record-set", "a", "add-record", "--resource-group", group)
    return Step(
        name=f"public name {host}",
        look=az("network", "dns", "record-set", "list", "--resource-group", group, "--zone-name", zone, *within),
        wanted=(Wanted(among="", item={"fqdn": f"{host}."}, fields={"ARecords.ipv4Address": answers}),),
        make=f"host={shell(host)} zone={shell(zone)}\n"
        + shell(*add, "--zone-name", Raw('"$zone"'), "--record-set-name", Raw('"${host%.$zone}"'), *to),
        by_hand="another address: somebody moved the host; a zone elsewhere: its owner makes the record",
        needs=(named,),
    )
