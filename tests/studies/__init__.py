"""Tests of the studies' own code, one file per study."""
