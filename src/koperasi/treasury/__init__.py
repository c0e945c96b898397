"""Cash in people's hands: tills and their sessions, the vault, the close of a business day, and vouchers."""
