"""Savings: simpanan pokok, wajib, sukarela and wadiah."""
