"""The research line behind Sampan: the register of its 44 papers, and one reproduction a file."""
