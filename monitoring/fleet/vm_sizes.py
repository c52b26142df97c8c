"""CPU, memory and disks of each Azure VM size, and what AKS reserves.

Sources: Microsoft Learn, "Dsv5, Ddsv5, Esv5 and Edsv5 sizes series" and "Resource reservations in Azure Kubernetes
Service".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

GIB = 2**30
MB = 10**6

_SIZE = re.compile(r"Standard_(?P<family>[DE])(?P<cores>\d+)a?d?s_v5")
_GIB_PER_CORE = {"D": 4, "E": 8}
_DATA_DISKS = {2: 4, 4: 8, 8: 16, 16: 32, 20: 32, 32: 32, 48: 32, 64: 32}
_RESERVED_MILLICORES = {2: 100, 4: 140, 8: 180, 16: 260, 20: 300, 32: 420, 48: 580, 64: 740}
_EVICTION_BYTES = 100 * 2**20
"""The kubelet evicts pods when a node has less than this left (AKS, Kubernetes 1.29 and newer)."""


@dataclass(frozen=True, kw_only=True)
class VmSize:
    """A node: cores, bytes of memory, and how many data disks may be attached."""

    cores: int
    memory: int
    data_disks: int

    @property
    def millicores_for_pods(self) -> int:
        """Thousandths of a core that are left after AKS' reservation."""
        return self.cores * 1000 - _RESERVED_MILLICORES[self.cores]

    def memory_for_pods(self, *, max_pods: int) -> int:
        """Bytes left: AKS keeps 20 MB per pod and 50 MB, at most a quarter, and the eviction threshold."""
        reserved = min((20 * max_pods + 50) * MB, self.memory // 4)
        return self.memory - reserved - _EVICTION_BYTES


def vm_size(name: str) -> VmSize:
    """The size of that name; `ValueError` where it is none that is known here."""
    match = _SIZE.fullmatch(name)
    cores = int(match["cores"]) if match else 0
    if match is None or cores not in _DATA_DISKS:
        raise ValueError(f"must be of the Dsv5, Ddsv5, Esv5 or Edsv5 series (monitoring/fleet/vm_sizes.py), got {name}")
    return VmSize(cores=cores, memory=cores * _GIB_PER_CORE[match["family"]] * GIB, data_disks=_DATA_DISKS[cores])
