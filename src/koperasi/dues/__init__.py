"""Dues: simpanan pokok in parts and simpanan wajib by month; billed, collected, and who is behind."""
