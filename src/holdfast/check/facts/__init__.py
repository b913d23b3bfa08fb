"""What several rules ask of a target, told once: where sessions are kept, who must agree."""
