"""What a node has, and what AKS keeps of it."""

from __future__ import annotations

import pytest

from monitoring.fleet.vm_sizes import GIB, vm_size


@pytest.mark.parametrize(
    ("name", "cores", "gib", "data_disks"),
    [("Standard_E8ds_v5", 8, 64, 16), ("Standard_D4s_v5", 4, 16, 8), ("Standard_D2ads_v5", 2, 8, 4)],
)
def test_vm_size_is_parsed_from_its_name(name: str, cores: int, gib: int, data_disks: int) -> None:
    size = vm_size(name)
    assert (size.cores, size.memory // GIB, size.data_disks) == (cores, gib, data_disks)


@pytest.mark.parametrize("name", ["Standard_D6ds_v5", "Standard_B4ms", "Standard_E8ds_v5_x", "E8ds_v5"])
def test_an_unknown_size_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"must be of the Dsv5.*got {name}"):
        vm_size(name)


def test_aks_keeps_memory_for_each_pod_but_at_most_a_quarter() -> None:
    small, large = vm_size("Standard_D2s_v5"), vm_size("Standard_E64s_v5")
    assert small.memory_for_pods(max_pods=250) == small.memory * 3 // 4 - 100 * 2**20
    assert large.memory - large.memory_for_pods(max_pods=250) == 5050 * 10**6 + 100 * 2**20


def test_aks_keeps_cores_by_the_size_of_the_node() -> None:
    assert vm_size("Standard_E8ds_v5").millicores_for_pods == 7820
