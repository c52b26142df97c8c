"""The object store configuration (objstore.yml) of all Thanos components."""

from __future__ import annotations

import yaml

from monitoring.fleet.model import Region


def objstore(region: Region) -> str:
    """objstore.yml. It holds no secret: pods sign in by workload identity.

    `user_assigned_id` stays out: it would force the instance metadata service and bypass workload identity.
    """
    store = region.object_store
    config = {
        "type": "AZURE",
        "config": {
            "storage_account": store.account,
            "container": store.container,
            "endpoint": "blob.core.windows.net",
            "storage_create_container": False,
            "max_retries": 3,  # of a request, and of a read that breaks off, which without it is not read again
        },
    }
    return yaml.safe_dump(config, sort_keys=False)
