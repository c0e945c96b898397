"""Members: who belongs to the cooperative, and how they come and go."""
