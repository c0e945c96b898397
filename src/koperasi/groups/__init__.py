"""Business groups (kelompok usaha) of members and their neighbours."""
