"""Figures in the README and in the decisions, made again."""
