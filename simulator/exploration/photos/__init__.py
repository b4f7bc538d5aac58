"""Photos in a run: taken, kept, handed in piece by piece over every fault."""
