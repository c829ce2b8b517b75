"""What people ask before they buy or sell: short texts, and who runs this market."""
