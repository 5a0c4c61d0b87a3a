"""Several machines: a run's inputs answered by workers on a Ray cluster.

A worker is one loaded checkpoint with the local engine inside, so batches, isolation and error
records are those of a local run. Ray places workers and moves blocks of sources and records.
"""
