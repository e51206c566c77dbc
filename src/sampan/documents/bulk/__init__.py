"""Thousands of documents: worker processes with limits, a journal, and the engine that keeps all cores busy.

isolation   a process that does one task at a time, within limits; its death is one failed task
endings     how a task there may end badly
worker      the inside of that process
tasks       what is done there: read a file, read some pages of it, put them together
jobs        which documents, and where each one's outputs go; in object stores by `stores`
journal     what was done, so that a killed run goes on where it was
output      putting outputs in place
engine      many files, several workers, one journal
crew        the workers: here, or on a cluster (`ray_crew`)
"""
