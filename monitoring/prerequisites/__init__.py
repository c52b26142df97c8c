"""What must exist before a region can be deployed: what looks for it, how the answer is judged, what makes it."""
