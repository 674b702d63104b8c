"""Networks under noise of many levels."""
