"""How requests come in: Ingress or Gateway API, by controller."""
