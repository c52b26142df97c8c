"""Network flows, and the network policies, load balancers and docs that are generated from them."""
