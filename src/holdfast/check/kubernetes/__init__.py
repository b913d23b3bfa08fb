"""Views of Kubernetes objects: what of them decides about sessions, each value with its place."""
