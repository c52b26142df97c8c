"""The regions: typed, read from YAML, checked. No cloud, no Terraform, no charts."""

from monitoring.fleet.loader import Fleet, RegionFile, load_fleet
from monitoring.fleet.model import Peer, Region
from monitoring.fleet.quantities import Cpu, Duration, Size

__all__ = ["Cpu", "Duration", "Fleet", "Peer", "Region", "RegionFile", "Size", "load_fleet"]
