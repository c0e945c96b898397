"""The general journal: entries by hand, reversals, periods."""
