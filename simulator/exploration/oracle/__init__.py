"""Whether the promises hold: what is asked of every run, by nothing that the engine has."""
