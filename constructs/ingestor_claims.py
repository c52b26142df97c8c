"""The claims of Receive's ingestors, which hold each in its zone."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_kubernetes.persistent_volume_claim_v1 import (
    PersistentVolumeClaimV1,
    PersistentVolumeClaimV1Metadata,
    PersistentVolumeClaimV1Spec,
    PersistentVolumeClaimV1SpecResources,
)

from constructs import Construct
from constructs.namespaces import Namespaces
from constructs.storage_classes import StorageClasses
from monitoring.blueprint.components.model import NAMESPACE
from monitoring.blueprint.components.workloads import (
    RECEIVE_INGESTOR,
    ingestor_claim,
    ingestor_zone,
    zone_storage_class,
)
from monitoring.fleet.model import Region

OF_OTHERS = ["spec[0].volume_name", "spec[0].storage_class_name"]
"""The driver writes which volume it is. A claim that was deleted with its disk is made anew by the StatefulSet, of the
class of its template; the hard spread brings it into the zone that misses one."""


class IngestorClaims(Construct):
    """A claim per ingestor, made before its pod, of the class of its zone; none in a region without zones.

    The ring says that zone (`releases/receive_router.py`), and a StatefulSet takes a claim of the right name as it is:
    so the map holds however many there are, and while their number changes. The disk is the driver's, made when the
    pod comes, and stays when the claim goes (Retain).
    """

    def __init__(
        self, scope: Construct, name: str, *, region: Region, namespaces: Namespaces, classes: StorageClasses
    ) -> None:
        super().__init__(scope, name)
        self.claims = [
            PersistentVolumeClaimV1(
                self,
                f"claim-{number}",
                metadata=PersistentVolumeClaimV1Metadata(
                    name=ingestor_claim(number), namespace=NAMESPACE, labels=dict(RECEIVE_INGESTOR.labels)
                ),
                spec=PersistentVolumeClaimV1Spec(
                    access_modes=["ReadWriteOnce"],
                    storage_class_name=zone_storage_class(zone),
                    resources=PersistentVolumeClaimV1SpecResources(
                        requests={"storage": region.thanos.receive.volume_size.kubernetes}
                    ),
                ),
                wait_until_bound=False,  # WaitForFirstConsumer: it binds when the pod comes
                depends_on=[namespaces.monitoring, *classes.of_zones],
                lifecycle=TerraformResourceLifecycle(prevent_destroy=True, ignore_changes=OF_OTHERS),
            )
            for number in range(region.thanos.receive.replicas)
            if (zone := ingestor_zone(region, number))
        ]
