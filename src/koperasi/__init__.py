"""Koperasi: the books of village cooperatives, BMTs, BPRs and BUMDes units, over a double-entry ledger."""
