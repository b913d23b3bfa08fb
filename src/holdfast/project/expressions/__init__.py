"""PHP expressions, evaluated without running PHP."""

from holdfast.project.expressions.evaluator import MAX_DEPTH, Evaluator

__all__ = ["MAX_DEPTH", "Evaluator"]
