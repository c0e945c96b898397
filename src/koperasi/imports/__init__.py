"""Imports: a treasurer's own spreadsheet becomes checked rows, then one set of linked entries.

The pure half runs from bytes to a plan: ``reading`` (bytes to cells), ``columns`` (where the header stands and what it
means), ``values`` (cells to amounts, dates, numbers), ``rules`` (rows with their errors, questions, totals).
"""
