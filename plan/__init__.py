"""Evaluates the program offline: plans of stacks and of revisions, their differences and risks, parity."""
