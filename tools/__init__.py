"""What maintainers run; nothing in the course imports it."""
