"""Units and sizes by worked numbers: what one of each is."""

from __future__ import annotations

import pytest

from monitoring.fleet import Region
from monitoring.fleet.azure_calls import calls_per_hour
from monitoring.fleet.azure_regions import HAS_ZONES
from monitoring.fleet.quantities import Cpu, Duration, Size
from monitoring.fleet.vm_sizes import vm_size
from tests.fleet.changed import at, changed


@pytest.mark.parametrize(
    ("text", "seconds", "written"),
    [
        ("1s", 1, "1s"),
        ("1m", 60, "1m"),
        ("1h", 3600, "1h"),
        ("1d", 86_400, "1d"),
        ("1w", 604_800, "7d"),
        ("1y", 31_536_000, "1y"),
        ("1y1w1d1h1m1s", 32_230_861, "32230861s"),
        ("90s", 90, "90s"),
        ("120s", 120, "2m"),
        ("364d", 31_449_600, "364d"),
    ],
)
def test_a_duration_in_seconds(text: str, seconds: int, written: str) -> None:
    assert (Duration.parse(text).seconds, str(Duration.parse(text))) == (seconds, written)


@pytest.mark.parametrize(
    ("text", "count", "kubernetes", "prometheus"),
    [
        ("1Ki", 1024, "1Ki", "1KB"),
        ("3MB", 3_145_728, "3Mi", "3MB"),
        ("1Gi", 1_073_741_824, "1Gi", "1GB"),
        ("2TB", 2_199_023_255_552, "2Ti", "2TB"),
        ("1024Mi", 1_073_741_824, "1Gi", "1GB"),
        ("1025Mi", 1_074_790_400, "1025Mi", "1025MB"),
    ],
)
def test_a_size_in_bytes(text: str, count: int, kubernetes: str, prometheus: str) -> None:
    size = Size.parse(text)
    assert (size.bytes, size.kubernetes, str(size), size.prometheus) == (count, kubernetes, kubernetes, prometheus)


@pytest.mark.parametrize(
    ("text", "millicores", "written"), [("1", 1000, "1"), ("2500m", 2500, "2500m"), ("2000m", 2000, "2")]
)
def test_cpu_in_millicores(text: str, millicores: int, written: str) -> None:
    assert (Cpu.parse(text).millicores, Cpu.parse(text).kubernetes, str(Cpu.parse(text))) == (
        millicores,
        written,
        written,
    )


def test_a_quantity_is_left_as_it_is() -> None:
    assert Cpu.parse(Cpu.parse("500m")) == Cpu.parse("500m")


@pytest.mark.parametrize(
    ("cores", "data_disks", "millicores"),
    [
        (2, 4, 1900),
        (4, 8, 3860),
        (8, 16, 7820),
        (16, 32, 15_740),
        (20, 32, 19_700),
        (32, 32, 31_580),
        (48, 32, 47_420),
        (64, 32, 63_260),
    ],
)
def test_a_node_of_each_size(cores: int, data_disks: int, millicores: int) -> None:
    memory_optimized, general = vm_size(f"Standard_E{cores}ads_v5"), vm_size(f"Standard_D{cores}s_v5")
    assert (general.cores, general.data_disks, general.millicores_for_pods) == (cores, data_disks, millicores)
    assert (general.memory, memory_optimized.memory) == (cores * 4 * 2**30, cores * 8 * 2**30)


def test_memory_that_aks_leaves() -> None:
    """32 GiB, 50 pods: 1050 MB and the eviction threshold of 100 MiB are kept."""
    assert vm_size("Standard_D8s_v5").memory_for_pods(max_pods=50) == 34_359_738_368 - 1_050_000_000 - 104_857_600


def test_zones_of_some_regions() -> None:
    assert {name: HAS_ZONES[name] for name in ("eastus", "westus3", "westus", "ukwest")} == {
        "eastus": True,
        "westus3": True,
        "westus": False,
        "ukwest": False,
    }


def vms(**azure_vms: object) -> Region:
    return changed(at("azure_vms", azure_vms))


def test_calls_to_azure_by_worked_numbers() -> None:
    """Two replicas. Every 5 minutes: 12 refreshes, and interfaces twice (10 refreshes are one keeping)."""
    assert calls_per_hour(vms(refresh="5m", expected_machines=51, expected_scale_sets=3)) == 2 * (
        12 * (2 + 1 + 3) + 2 * 51
    )
    assert calls_per_hour(vms(refresh="5m", expected_machines=50, expected_scale_sets=0)) == 2 * (12 * (1 + 1) + 2 * 50)
    assert calls_per_hour(vms(refresh="6m", expected_machines=0, expected_scale_sets=0)) == 2 * (10 * (1 + 1))
    assert calls_per_hour(vms(refresh="1h", expected_machines=1, expected_scale_sets=0)) == 2 * (1 + 1 + 1)
    assert calls_per_hour(vms(refresh="59m", expected_machines=1, expected_scale_sets=0)) == 2 * (2 * (1 + 1) + 1)
