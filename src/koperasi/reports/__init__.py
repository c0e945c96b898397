"""Statements, account ledgers and exports for those who check the books."""
