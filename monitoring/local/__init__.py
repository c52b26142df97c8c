"""The real system on one machine: the deployed values, on loopback, with a short list of what has to differ."""
