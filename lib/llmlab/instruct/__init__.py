"""Examples for instruction tuning, from text and from syntax trees."""
