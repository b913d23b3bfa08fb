"""Holdfast keeps Laravel's sessions while Kubernetes pods come and go."""

__version__ = "0.1.0"
