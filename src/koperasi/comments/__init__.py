"""Comments: what a supervisor or an auditor writes beside an entry; the entry itself never changes."""
