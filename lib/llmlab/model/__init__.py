"""One transformer decoder, changed from outside by swapping modules.

Shapes live in names. The legend, for the whole library: B batch, T position, S key position, D width, H query heads,
K key-value heads, E head size, F hidden width of the feed-forward, V vocabulary, L layer, N n-gram table rows.
"""
