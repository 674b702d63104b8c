"""Real servers on 127.0.0.1, and what is tried on them."""
