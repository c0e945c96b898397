"""How fast: our ledger and service beside PostgreSQL's own benchmark and other accountants' tools. See README.md."""
