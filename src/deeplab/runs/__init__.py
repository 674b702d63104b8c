"""The use cases: each joins the stages that it needs."""
