"""Maker and checker: acts that wait for a second person."""
