"""The acceptance criteria as checks against a running deployment, here or on AKS."""
