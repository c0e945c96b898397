"""What members' savings bring: day balances, returns, profit pools, term deposits, tax, and the account at an exit."""
