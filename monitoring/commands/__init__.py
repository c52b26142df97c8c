"""What a person calls: one module per command, each with a click command named `command`."""
