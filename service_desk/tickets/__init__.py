"""Tickets: requests with their conversation, from the first message to the rating."""
