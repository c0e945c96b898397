"""What if: the rules of returns, pools, deposits, tax and exits, tried on figures that stand in no book."""
