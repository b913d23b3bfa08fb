"""What was found, in the forms that people and machines read; no form ever shows a secret's value."""
