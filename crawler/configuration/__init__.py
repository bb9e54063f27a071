"""What a person may set: names, values, and where they come from."""
