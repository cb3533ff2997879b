"""Help from the vendor: what a tenant's people ask those who run the platform, and how they follow it from their own desk."""
