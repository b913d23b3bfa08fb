"""Replicas that answer requests: the Deployment and what stands beside it, by runtime."""
