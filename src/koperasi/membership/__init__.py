"""A member's life: joining by decision, leave, leaving and death with their settlement, and what families may see."""
