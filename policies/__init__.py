"""The rules that hold the platform together, once for the engine (`--policy-pack policies`) and the offline plan."""
