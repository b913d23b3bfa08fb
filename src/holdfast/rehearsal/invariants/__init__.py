"""What must hold of a history. One browser's requests in, violations out; pure functions.

Two requests are concurrent when their intervals overlap. A request without a whole answer, and one
that failed with 5xx, may have taken effect or not; where it may still run its interval never ends.
What such a request may have done is never held against a store.
"""
