"""Decisions: points trained with more and more common seeds until what is asked of them is known."""
