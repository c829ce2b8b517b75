"""Forms of the account and selling pages."""
