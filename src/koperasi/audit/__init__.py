"""The audit trail: who did what to users, terms, members and files; when, and from where."""
