"""Formats that cross a stage boundary; touch a file here and every stage that uses it reruns."""
