"""What the competitors run; each in its own environment, by path, so nothing here imports anything of the project's."""
