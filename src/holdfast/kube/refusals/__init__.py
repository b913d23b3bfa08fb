"""What a deployment would lose sessions by, or could not run with: refused, with the way out."""
