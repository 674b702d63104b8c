"""Everything that joins the stages, one use case a file."""
