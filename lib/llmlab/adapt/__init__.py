"""Adapters on a frozen base: swapped in from outside, stored in the layout that PEFT reads."""
