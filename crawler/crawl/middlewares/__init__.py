"""What every request and reply passes through, one middleware a file."""
