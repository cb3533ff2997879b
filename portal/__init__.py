"""The customer's face: help centre, requests, account."""
