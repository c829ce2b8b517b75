"""What A10 puts into a process whose clock is to be wrong."""
