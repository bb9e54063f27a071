"""Settings: their names, their values, and where they come from."""
