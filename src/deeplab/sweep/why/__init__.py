"""Why one configuration does better than another: the ways from the one to the other, trained."""
