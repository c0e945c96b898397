"""Paper that people expect: the passbook printed line by line, slips, kuitansi, cards and certificates."""
