"""Known bugs, planted one at a time: each must be found, or the checks prove nothing."""
