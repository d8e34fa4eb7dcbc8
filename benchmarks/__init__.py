"""How fast a plan is and how much memory it takes, as ratios: `make bench`."""
