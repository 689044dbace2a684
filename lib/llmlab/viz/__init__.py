"""Figures, tables and the page of samples: reads metrics, never torch."""
