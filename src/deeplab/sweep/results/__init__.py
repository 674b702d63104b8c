"""What a sweep comes to: numbers, tables, figures."""
