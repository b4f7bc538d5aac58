"""A synthetic county: streets, grids, buildings, and people who could live there.

>>> part = county(seed=1, scale=0.02, communities=1)
>>> sorted({record.type for record in part.records()})[:4]
['assignment', 'building', 'community', 'grid']
"""

from simulator.population.county import BASE_MS, County, county
from simulator.population.records import Record

__all__ = ["BASE_MS", "County", "Record", "county"]
