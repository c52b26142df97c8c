"""What is due in a region: versions, certificates, secrets, quotas, disks, the drill, drift. It only reads."""
