"""Results as pages to look at, complete in themselves."""
