"""Apps that send what is wrong, beside honest work."""
