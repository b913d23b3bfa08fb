"""The service mesh: what it is told, and what pods carry for it."""
