"""What shall run in a region: pure functions of the region's file, without Terraform and without a cloud."""
