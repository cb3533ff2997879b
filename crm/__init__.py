"""What happens with a customer before and beside the service desk."""
