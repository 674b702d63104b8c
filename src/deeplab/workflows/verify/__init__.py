"""Whether a run is what its configuration gives: its files held against each other, and parts trained again."""
