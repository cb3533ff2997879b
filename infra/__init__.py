"""What installs, starts and supervises Frontdesk; the product itself imports nothing from here."""
