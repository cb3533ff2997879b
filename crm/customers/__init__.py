"""Customers: the organisations and persons served, and how they sign in to the portal."""
