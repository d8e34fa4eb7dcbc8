"""Networks, names, load balancers, and the ways in."""
