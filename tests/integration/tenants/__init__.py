"""What a filter, or another index, hides stays hidden."""
