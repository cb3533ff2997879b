"""What tickets and the help centre give each other: articles that answer tickets, and tickets that become articles."""
