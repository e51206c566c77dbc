"""The command line: one command a file, each importing what it needs only when it runs."""
