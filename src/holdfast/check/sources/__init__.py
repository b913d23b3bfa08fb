"""Bytes of files in, records with places out; bounded, and nothing raises on hostile bytes."""
