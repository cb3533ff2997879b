"""Search over a tenant's articles: tokens of our own, Whoosh behind one door, no database."""
