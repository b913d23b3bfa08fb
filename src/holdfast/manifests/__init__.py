"""Files that people write for Kubernetes, read so that each value knows where it stands.

``check`` judges them, ``kube`` reads its ``LaravelApp`` with them: bytes in, values and places out.
"""
