"""Real replicas, users, faults, and a verdict that counts what was lost; `run` does it all."""
