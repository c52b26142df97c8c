"""From a synthesized stack to Azure: what must be ready, the plan that is kept, and its apply."""
