"""Published figures held against measured ones."""
