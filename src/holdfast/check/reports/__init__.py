"""What was found, in the forms that people and machines read; what may be a secret is masked."""
