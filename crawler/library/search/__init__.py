"""Full-text search: words of a query in, documents out, newest first or best first."""
