"""The desired state of a region as pure functions of its file, without Terraform and without a cloud."""
