"""What comes of runs: many seeds, files, the fewest steps, stories, figures."""
