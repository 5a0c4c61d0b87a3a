"""What the user decides: flags, environment variables and files."""
