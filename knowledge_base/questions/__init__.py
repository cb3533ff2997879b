"""What people look for in the help centre, what became of it, and what was done about it."""
