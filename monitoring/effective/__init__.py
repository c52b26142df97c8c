"""What will run: a tree as facts, from its Terraform JSON, the final values of its releases and its other files."""
