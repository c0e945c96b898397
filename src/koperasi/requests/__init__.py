"""What members ask for from their own pages: a withdrawal, a change of data, a look at a line that seems wrong."""
