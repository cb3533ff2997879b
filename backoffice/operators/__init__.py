"""The operators' console, on the platform's own host."""
