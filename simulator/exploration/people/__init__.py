"""What people do next, on tablets and at a desk, by the catalogue."""
