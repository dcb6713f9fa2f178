"""Statistics: mergeable partials, drift measures and verdicts. Pure numpy, no clock, no disk.

One home for numbers: packing builds the baseline here, and both engines of the statistics job
summarise captures here. The way of a day: `summarise` a chunk, `merge` the partials, `compare`
with the baseline, `verdicts`, and every line of `catalogue` becomes a statistic.
"""
