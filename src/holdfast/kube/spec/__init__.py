"""What a person writes: frozen structs, whose schema is the custom resource's."""
