"""Who is logged in, and how they prove it."""
