"""The jobs of the competitors. Each runs in its own environment, by path, so nothing here imports the project."""
