"""Exploration: the real server and real tablets on virtual time, under every fault, from a seed."""
