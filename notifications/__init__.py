"""Who is told what, by which channel: listens to events, drains the outbox."""
