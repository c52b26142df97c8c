"""A control plane on loopback: etcd, the API server, the controllers and the scheduler, without a kubelet."""

from __future__ import annotations

import json
import secrets
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from monitoring.processes import free_ports, start, stop, wait_until_ready
from tests.stack.processes import tool

LOOPBACK = "127.0.0.1"


@contextmanager
def control_plane(folder: Path) -> Iterator[Path]:
    """The kubeconfig of an administrator, until the end of the block; all that the processes keep is in `folder`."""
    store, peer, api, controllers, scheduler = free_ports(5)
    key, kubeconfig, token = folder / "accounts.key", folder / "kubeconfig", secrets.token_hex(16)
    key.write_bytes(_key())
    (folder / "tokens.csv").write_text(f"{token},admin,admin,system:masters\n", encoding="utf-8")
    kubeconfig.write_text(_kubeconfig(f"https://{LOOPBACK}:{api}", token), encoding="utf-8")
    unchecked = ssl._create_unverified_context()  # noqa: S323  (the server makes its own certificate)
    own = [f"--kubeconfig={kubeconfig}", "--leader-elect=false", f"--bind-address={LOOPBACK}"]
    lines = {
        "etcd": (store, "/health", None, [
            f"--data-dir={folder / 'etcd'}", f"--listen-client-urls=http://{LOOPBACK}:{store}",
            f"--advertise-client-urls=http://{LOOPBACK}:{store}", f"--listen-peer-urls=http://{LOOPBACK}:{peer}",
            f"--initial-advertise-peer-urls=http://{LOOPBACK}:{peer}",
            f"--initial-cluster=default=http://{LOOPBACK}:{peer}", "--unsafe-no-fsync",
        ]),
        "kube-apiserver": (api, "/livez", unchecked, [
            f"--etcd-servers=http://{LOOPBACK}:{store}", f"--bind-address={LOOPBACK}", f"--secure-port={api}",
            f"--cert-dir={folder / 'certificates'}", f"--token-auth-file={folder / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC", "--allow-privileged=true", "--service-cluster-ip-range=10.96.0.0/16",
            "--endpoint-reconciler-type=none",  # it would refuse loopback as the address of the API server
            "--service-account-issuer=https://kubernetes.default.svc", f"--service-account-key-file={key}",
            f"--service-account-signing-key-file={key}",
        ]),
        "kube-controller-manager": (controllers, "/healthz", unchecked, [
            *own, f"--secure-port={controllers}", f"--cert-dir={folder / 'certificates'}",
            f"--service-account-private-key-file={key}", "--use-service-account-credentials=true",
            f"--root-ca-file={folder / 'certificates' / 'apiserver.crt'}",
        ]),
        "kube-scheduler": (scheduler, "/healthz", unchecked, [
            *own, f"--secure-port={scheduler}", f"--cert-dir={folder / 'certificates'}",
        ]),
    }  # fmt: skip
    started: list[subprocess.Popen[bytes]] = []
    try:
        for name, (port, ready, tls, flags) in lines.items():
            log = folder / f"{name}.log"
            process = start([tool(name), *flags], log=log)
            started.append(process)
            wait_until_ready(process, port, ready, log=log, tls=tls)
        yield kubeconfig
    finally:
        stop(started[::-1])


def _key() -> bytes:
    """Signs the tokens of ServiceAccounts."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _kubeconfig(server: str, token: str) -> str:
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "loopback", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "loopback", "context": {"cluster": "loopback", "user": "admin"}}],
            "current-context": "loopback",
        }
    )
