"""Thousands of documents: worker processes with limits, a journal, and the engines that keep all cores busy.

isolation   a process that does one task at a time, within limits; its death is one failed task
worker      the inside of that process
tasks       what is done there: read a file, read some pages of it, put them together
journal     what was done, so that a killed run goes on where it was
engine      many files, several workers, one journal
"""
