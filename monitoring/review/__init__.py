"""What a change means: two synthesized trees, or a plan, said as changes and risks. Pure; no git, no Terraform."""
