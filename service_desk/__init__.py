"""Requests of customers and what becomes of them."""
