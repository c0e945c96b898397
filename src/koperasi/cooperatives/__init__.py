"""The tenant: a cooperative's kind, chart, policies and business day."""
