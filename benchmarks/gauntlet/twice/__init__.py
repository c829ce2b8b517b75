"""What A9 puts into every process of the market."""
